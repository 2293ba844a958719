import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { readTrace } from "../trace/index.ts";
import { builtInScenarios } from "./built-in-scenarios.ts";
import { readScenario } from "./read-scenario.ts";
import { scenarioSchema } from "./schema/scenario-schema.ts";

const guide = await readFile(new URL("../../../docs/guides/scenarios.md", import.meta.url), "utf8");

function blocks(language: string): readonly string[] {
  return [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, "g"))].map(
    ([, text]) => text ?? "",
  );
}

test("every example of the guide can be read", () => {
  const examples = blocks("yaml");
  expect(examples.length).toBeGreaterThan(8);
  for (const example of examples)
    expect(() => readScenario(example, "docs/guides/scenarios.md")).not.toThrow();
  for (const example of blocks("json"))
    expect(readTrace(example, "docs/guides/scenarios.md").counts).toHaveLength(6);
});

test("the guide names every built-in scenario and every field", () => {
  for (const { name } of builtInScenarios) expect(guide).toContain(`| \`${name}\` |`);
  const fields = new Set<string>();
  const walk = (schema: unknown): void => {
    if (typeof schema !== "object" || schema === null) return;
    if ("entries" in schema) for (const name of Object.keys(schema.entries as object)) fields.add(name);
    for (const value of Object.values(schema)) walk(value);
  };
  walk(scenarioSchema);
  expect(fields.size).toBeGreaterThan(40);
  expect(
    [...fields].filter((name) => !new RegExp(`\`[^\`]*${name.replace("$", "\\$")}[^\`]*\``).test(guide)),
  ).toEqual([]);
});

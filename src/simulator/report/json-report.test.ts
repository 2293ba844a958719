import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { jsonReport } from "./json-report.ts";
import { typicalScene } from "./scenes.fixture.ts";

test("the JSON report is the record and the verdict, with the version of their shape", () => {
  const { record, verdict } = typicalScene();
  const report = jsonReport(record, verdict);
  expect(Object.entries(report)).toEqual([
    ["format", 1],
    ["record", record],
    ["verdict", verdict],
  ]);
  // Nothing in it is of a kind that JSON turns into something else.
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});

const FILES = {
  record: "src/simulator/rehearsal/record.ts",
  verdict: "src/simulator/verdict/verdict.ts",
  plan: "src/simulator/scenario/plan.ts",
};

test.each(Object.entries(FILES))("docs/rehearsal-report.md names every field of the %s", (_, file) => {
  const page = readFileSync("docs/rehearsal-report.md", "utf8");
  const fields = [...readFileSync(file, "utf8").matchAll(/readonly (\w+)\??:/g)].map(
    (match) => match[1] ?? "",
  );
  expect(fields.length).toBeGreaterThan(5);
  expect(fields.filter((field) => !page.includes(`\`${field}\``))).toEqual([]);
});

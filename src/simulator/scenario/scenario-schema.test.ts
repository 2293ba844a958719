import { toJsonSchema } from "@valibot/to-json-schema";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { builtInScenarios } from "./built-in-scenarios.ts";
import { scenarioSchema } from "./schema/scenario-schema.ts";

const PAGE = "../../../docs/scenario.schema.json";

/** Checks what `toJsonSchema` can express: the shape of what people write, not what contradicts itself. */
function publishedSchema() {
  const { $schema, ...schema } = toJsonSchema(scenarioSchema, {
    target: "draft-07", // what editors know best
    typeMode: "input",
    ignoreActions: ["check"],
  });
  return { $schema, ...schema };
}

const LINE_WIDTH = 110;

/** As the formatter of this project leaves it: short lists on one line. */
function formatted(schema: object): string {
  const text = JSON.stringify(schema, undefined, 2);
  const list = /^( *(?:"[^"]+": )?)\[\n([^[\]{}]*?)\n *\](,?)$/gm;
  const short = text.replaceAll(list, (whole, head: string, items: string, comma: string) => {
    const line = `${head}[${items.trim().replaceAll(/,\n */g, ", ")}]${comma}`;
    return line.length <= LINE_WIDTH ? line : whole;
  });
  return `${short}\n`;
}

function compiled() {
  return new Ajv({ allErrors: true, allowUnionTypes: true }).compile(publishedSchema() as object);
}

// `npx vitest run src/simulator/scenario/scenario-schema.test.ts -u` writes it anew.
test("docs/scenario.schema.json is made from the schema that reads scenarios", async () => {
  await expect(formatted(publishedSchema())).toMatchFileSnapshot(PAGE);
});

test("every built-in scenario is valid by the published schema", () => {
  const validate = compiled();
  for (const { name, text } of builtInScenarios) {
    expect({ name, valid: validate(parse(text)), errors: validate.errors }).toEqual({
      name,
      valid: true,
      errors: null,
    });
  }
});

test("the published schema refuses what reading refuses", () => {
  const validate = compiled();
  const interruption = (fields: object) => ({ name: "x", interruptions: [{ at: "20%", ...fields }] });
  for (const wrong of [
    {},
    { name: "x", laed: 1 },
    interruption({ lead: 120 }),
    interruption({ ends: "maschine" }),
    interruption({ lead: ["1s"] }),
    interruption({ faults: [{ kind: "status" }] }),
  ]) {
    expect(validate(wrong), JSON.stringify(wrong)).toBe(false);
  }
});

test("every field says in the published schema what it is for", () => {
  const bare: string[] = [];
  const walk = (schema: unknown, path: string): void => {
    if (typeof schema !== "object" || schema === null) return;
    for (const [key, value] of Object.entries(schema)) {
      if (key === "properties") {
        for (const [name, field] of Object.entries(value as Record<string, object>)) {
          if (!("description" in field)) bare.push(`${path}/${name}`);
        }
      }
      walk(value, `${path}/${key}`);
    }
  };
  walk(publishedSchema(), "");
  expect(bare).toEqual([]);
});

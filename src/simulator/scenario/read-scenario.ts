import * as v from "valibot";
import { completeScenario } from "./complete-scenario.ts";
import { impossibilities } from "./impossibilities.ts";
import { type FieldPath, type Mistake, mistakesError, shownPath } from "./mistakes.ts";
import { nearestName } from "./nearest-name.ts";
import type { Scenario } from "./scenario.ts";
import { scenarioSchema } from "./schema/scenario-schema.ts";
import { listed } from "./schema/values.ts";
import { type ScenarioText, parseScenarioText } from "./scenario-text.ts";

/**
 * Reads a scenario as people write it, YAML or JSON, and fills in what it leaves out. `where` names it in errors. A trace that it
 * replays is only named: `loadScenario` reads it as well.
 * @throws SpotproofError `bad-usage` with the line, the column and the remedy of each mistake
 */
export function readScenario(text: string, where: string): Scenario {
  const parsed = parseScenarioText(text, where);
  if (typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value)) {
    const found =
      parsed.value === null
        ? "it is empty"
        : `it is a ${Array.isArray(parsed.value) ? "list" : typeof parsed.value}`;
    const words = `${found}; a scenario is a mapping that begins with a name, such as "name: mine"`;
    throw mistakesError(where, [{ ...parsed.place([]), words }]);
  }
  const result = v.safeParse(scenarioSchema, parsed.value);
  if (!result.success) {
    throw mistakesError(
      where,
      result.issues.flatMap((issue) => explain(issue, parsed)),
    );
  }
  const impossible = impossibilities(result.output).map(({ path, words }) => ({
    ...parsed.place(path),
    words: path.length === 0 ? words : `${shownPath(path)} ${words}`,
  }));
  if (impossible.length > 0) throw mistakesError(where, impossible);
  return completeScenario(result.output);
}

function explain(issue: v.BaseIssue<unknown>, text: ScenarioText): readonly Mistake[] {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const owner = issue.path?.at(-1)?.input;
  if (issue.type === "strict_object" && issue.expected === "never")
    return unknownKeys(issue, path, owner, text);
  if (issue.input === undefined) return [missing(issue, path, text)];
  const written = text.written(path);
  const found = written === undefined || written === "" ? "nothing" : written;
  return [{ ...text.place(path), words: `${shownPath(path)} ${rightWords(issue)}; found ${found}` }];
}

function missing(issue: v.BaseIssue<unknown>, path: FieldPath, text: ScenarioText): Mistake {
  const hint = issue.type === "strict_object" ? "" : `: it ${rightWords(issue)}`;
  return { ...text.place(path.slice(0, -1)), words: `${shownPath(path)} is missing${hint}` };
}

/** valibot tells only of the first unknown key of a mapping; its message is the list of known ones (`shape.ts`). */
function unknownKeys(
  issue: v.BaseIssue<unknown>,
  path: FieldPath,
  owner: unknown,
  text: ScenarioText,
): readonly Mistake[] {
  const parent = path.slice(0, -1);
  const name = parent.length === 0 ? "a scenario" : shownPath(parent);
  if (Array.isArray(owner)) {
    return [{ ...text.place(parent), words: `${name} must be a mapping (key: value); found a list` }];
  }
  const known = issue.message.split(" ");
  return Object.keys(owner as object)
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearestName(key, known);
      const remedy = near === undefined ? `it knows ${known.join(", ")}` : `did you mean "${near}"?`;
      return { ...text.keyPlace([...parent, key]), words: `${name} has no "${key}": ${remedy}` };
    });
}

/** Words of the schema, or those of valibot where the schema has none. */
function rightWords({ message, expected }: v.BaseIssue<unknown>): string {
  if (/^(must|has|is) /.test(message)) return message;
  return expected === null
    ? "is not right"
    : `must be ${listed(expected.replaceAll(/[()]/g, "").split(" | "))}`;
}

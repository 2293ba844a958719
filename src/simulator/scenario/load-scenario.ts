import { dirname, isAbsolute, join } from "node:path";
import { SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";
import { readTrace } from "../trace/index.ts";
import { builtInScenarios } from "./built-in-scenarios.ts";
import { nearestName } from "./nearest-name.ts";
import { readScenario } from "./read-scenario.ts";
import type { Scenario } from "./scenario.ts";

/**
 * The scenario of that name, or in that file: what has a slash, a backslash, or ends in `.yaml`, `.yml` or `.json` is a file.
 * A trace that the scenario replays is read with it, relative to the scenario's folder.
 * @throws SpotproofError `bad-usage`: there is none (with the names that exist), a file cannot be read, or it is wrong
 */
export async function loadScenario(
  nameOrPath: string,
  readFile: (path: string) => Promise<string>,
): Promise<Scenario> {
  const builtIn = builtInScenarios.find(({ name }) => name === nameOrPath);
  if (builtIn !== undefined) return readScenario(builtIn.text, `built-in scenario ${builtIn.name}`);
  if (!looksLikeFile(nameOrPath)) throw unknownScenario(nameOrPath);
  const scenario = readScenario(await readText(nameOrPath, "scenario", readFile), nameOrPath);
  const { trace } = scenario;
  if (trace === undefined) return scenario;
  const path = isAbsolute(trace.file) ? trace.file : join(dirname(nameOrPath), trace.file);
  const recorded = readTrace(await readText(path, "trace", readFile), path);
  return { ...scenario, trace: { ...trace, recorded } };
}

function looksLikeFile(nameOrPath: string): boolean {
  return /[/\\]|\.(ya?ml|json)$/i.test(nameOrPath);
}

function unknownScenario(name: string): SpotproofError {
  const names = builtInScenarios.map((one) => one.name);
  const near = nearestName(name, names);
  const meant = near === undefined ? "" : ` Did you mean ${near}?`;
  return new SpotproofError(
    "bad-usage",
    `There is no scenario "${name}".${meant} Built in are ${names.join(", ")}; a file of your own ends in .yaml or .json, or has a slash in its name.`,
  );
}

async function readText(
  path: string,
  what: string,
  readFile: (path: string) => Promise<string>,
): Promise<string> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = systemErrorCode(error) === "ENOENT" ? "it does not exist" : reasonOf(error);
    throw new SpotproofError("bad-usage", `The ${what} ${path} cannot be read: ${reason}.`, { cause: error });
  }
}

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { folderBytes } from "../shared/folders.ts";
import { type Command, measureCommand } from "../shared/measuring.ts";
import type { Place, Tool } from "./tool.ts";
import type { Workspace } from "../shared/workspace.ts";

/** A tool that is one command for each piece of work. */
export interface CommandToolSpec {
  readonly name: string;
  /** Its version is the first line of what this prints. */
  readonly version: readonly [string, ...string[]];
  readonly savesOnce?: boolean;
  environment?(place: Place): Readonly<Record<string, string>>;
  /** Makes the repository; not measured. */
  prepare?(place: Place): readonly [string, ...string[]];
  /** Run in the source folder. `number` counts the saves. */
  save(place: Place, number: number): readonly [string, ...string[]];
  /** Run in the folder `into`, which is empty. */
  restore(place: Place, into: string, number: number): readonly [string, ...string[]];
  /** Bytes stored; the files in `repositoryOf(place)` unless told otherwise. */
  storedBytes?(place: Place): Promise<number>;
  /** Removes what lies elsewhere than in `place.own`. */
  end?(): Promise<void>;
}

/** Where a tool of commands keeps what it stores; beside it in `place.own` are its caches. */
export const repositoryOf = (place: Place): string => join(place.own, "repository");

/** The tool, or undefined when this machine does not have it. */
export function commandTool(workspace: Workspace, spec: CommandToolSpec): Tool | undefined {
  const version = firstLineOf(spec.version);
  if (version === undefined) return undefined;
  return {
    name: spec.name,
    version,
    savesOnce: spec.savesOnce ?? false,
    verifiedBy: "sizes",
    async begin(place) {
      const environment = spec.environment?.(place);
      const run = (argv: Command["argv"], folder: string) =>
        measureCommand(workspace, { argv, folder, environment });
      let saves = 0;
      if (spec.prepare !== undefined) await run(spec.prepare(place), place.own);
      return {
        save() {
          saves += 1;
          return run(spec.save(place, saves), place.source);
        },
        restore(into) {
          mkdirSync(into);
          return run(spec.restore(place, into, saves), into);
        },
        storedBytes: async () => spec.storedBytes?.(place) ?? folderBytes(repositoryOf(place)),
        end: async () => spec.end?.(),
      };
    },
  };
}

/** The first line that a command prints, or undefined when it does not work here. */
export function firstLineOf([file, ...args]: readonly [string, ...string[]]): string | undefined {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n")[0];
  } catch {
    return undefined; // absent, or not able to run: either way it is not measured, and the report says so
  }
}

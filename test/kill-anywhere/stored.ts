import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/index.ts";
import { type OpenedStore, openFileStore } from "../../src/store/index.ts";

/** The store of a scenario, wherever it lies, as a judge needs it. */
export interface Stored {
  /** Undefined when it is to be read and nobody has made it yet. */
  open(mode: "read" | "write"): Promise<OpenedStore | undefined>;
  /** After a prune: what lies beside the objects and is nobody's, as sentences. */
  leftBehind(): Promise<readonly string[]>;
}

/** A store in a folder. */
export function storedInFolder(folder: string): Stored {
  return {
    async open(mode) {
      if (mode === "read" && !existsSync(folder)) return undefined;
      const store = await openFileStore(folder, { mode });
      return {
        store,
        caution: store.caution,
        sweep: (options) => store.sweep(options),
        close: () => Promise.resolve(),
      };
    },
    async leftBehind() {
      const temporary = join(folder, "tmp");
      const names = readdirSync(temporary);
      const problems = [...strangers(names, /^spotproof-[0-9a-f]{32}\.tmp$/, "among temporary files")];
      const long = new Date(systemClock.wallTime() - 48 * 3_600_000);
      for (const name of names) utimesSync(join(temporary, name), long, long);
      if (names.length > 0) await (await openFileStore(folder)).sweep();
      if (readdirSync(temporary).length > 0) problems.push("A sweep leaves temporary files.");
      return problems;
    },
  };
}

/** The names that are not of a known form. */
export function strangers(names: readonly string[], known: RegExp, where: string): readonly string[] {
  return names.filter((name) => !known.test(name)).map((name) => `There is ${name} ${where}.`);
}

import { systemClock } from "../../src/base/index.ts";
import { type Store, limitCalls, openFileStore } from "../../src/store/index.ts";

/** As the command line does it. */
const CALL_LIMIT_MS = 60_000;

/** Opens the store that is measured: a folder, by its path. */
export async function openBenchmarkStore(location: string, mode: "read" | "write"): Promise<Store> {
  return limitCalls(await openFileStore(location, { mode }), systemClock, CALL_LIMIT_MS);
}

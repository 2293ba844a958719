import { systemClock } from "../../src/base/index.ts";
import { type OpenedStore, limitStore, loadS3Store, openFileStore } from "../../src/store/index.ts";

/** As the command line does it. */
const CALL_LIMIT_MS = 60_000;
const CONNECTIONS = 16;

/** The store that is measured, and how many large calls it takes at once. */
export type BenchmarkStore = Pick<OpenedStore, "store" | "largeCallsAtATime">;

/** Opens the store that is measured: a folder by its path, or `s3://…` with everything else in its parameters. */
export async function openBenchmarkStore(location: string, mode: "read" | "write"): Promise<BenchmarkStore> {
  if (!location.startsWith("s3://")) {
    const store = await openFileStore(location, { mode });
    return { store: limitStore(store, systemClock, { callLimitMs: CALL_LIMIT_MS }) };
  }
  const { openS3Store, parseS3Location } = await loadS3Store();
  const { store, largeCallsAtATime } = await openS3Store({ location: parseS3Location(location), mode });
  const limits = { callLimitMs: CALL_LIMIT_MS, connections: CONNECTIONS };
  return { store: limitStore(store, systemClock, limits), largeCallsAtATime };
}

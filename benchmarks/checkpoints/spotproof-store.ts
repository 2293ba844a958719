import { systemClock } from "../../src/base/index.ts";
import { type Store, limitStore, loadS3Store, openFileStore } from "../../src/store/index.ts";

/** As the command line does it. */
const CALL_LIMIT_MS = 60_000;
const CONNECTIONS = 16;

/** Opens the store that is measured: a folder by its path, or `s3://…` with everything else in its parameters. */
export async function openBenchmarkStore(location: string, mode: "read" | "write"): Promise<Store> {
  const isFolder = !location.startsWith("s3://");
  const store = isFolder ? await openFileStore(location, { mode }) : await openInS3(location, mode);
  return limitStore(store, systemClock, {
    callLimitMs: CALL_LIMIT_MS,
    connections: isFolder ? undefined : CONNECTIONS,
  });
}

async function openInS3(url: string, mode: "read" | "write"): Promise<Store> {
  const { openS3Store, parseS3Location } = await loadS3Store();
  return (await openS3Store({ location: parseS3Location(url), mode })).store;
}

/// <reference types="vite/types/importMeta.d.ts" />
import { systemClock } from "../../src/base/index.ts";
import { type Store, limitCalls, openFileStore } from "../../src/store/index.ts";
import { isFunction } from "./optional-part.ts";

/** As the command line does it. */
const CALL_LIMIT_MS = 60_000;

/** Found when it is built in: what opens a store in S3. */
const S3_STORE = import.meta.glob("../../src/store/s3/index.ts");

/** Opens the store that is measured: a folder by its path, or `s3://…` with everything else in its parameters. */
export async function openBenchmarkStore(location: string, mode: "read" | "write"): Promise<Store> {
  const store = location.startsWith("s3://")
    ? await openInS3(location, mode)
    : await openFileStore(location, { mode });
  return limitCalls(store, systemClock, CALL_LIMIT_MS);
}

async function openInS3(url: string, mode: "read" | "write"): Promise<Store> {
  const [load] = Object.values(S3_STORE);
  const { openS3Store, parseS3Location } = ((await load?.()) ?? {}) as Readonly<Record<string, unknown>>;
  if (!isFunction(openS3Store) || !isFunction(parseS3Location))
    throw new Error("There is no store in S3 here.");
  const { store } = (await openS3Store({ location: parseS3Location(url), mode })) as {
    readonly store: Store;
  };
  return store;
}

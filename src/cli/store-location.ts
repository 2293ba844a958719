import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { SpotproofError, systemClock } from "../base/index.ts";
import type { Store } from "../store/index.ts";

/** Where `--store` points. */
export interface StoreLocation {
  readonly kind: "folder";
  /** Absolute. */
  readonly path: string;
}

/**
 * Reads the value of `--store`: a path, or a URL such as `file:///mnt/jobs`.
 * @throws SpotproofError `bad-usage` for another kind of store
 */
export function parseStoreLocation(text: string, workingFolder: string): StoreLocation {
  if (text === "")
    throw new SpotproofError("bad-usage", "--store is empty. Name a folder that outlives this machine.");
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return { kind: "folder", path: resolve(workingFolder, text) };
  if (scheme !== "file") {
    throw new SpotproofError(
      "bad-usage",
      `--store ${text}: this version knows folders only (a path or file:///path), not "${scheme}:".`,
    );
  }
  try {
    return { kind: "folder", path: fileURLToPath(text) };
  } catch (error) {
    throw new SpotproofError(
      "bad-usage",
      `--store ${text} is not a usable file: URL. Write file:///absolute/path.`,
      { cause: error },
    );
  }
}

/** A call of the store that takes longer has hung: the largest is one pack of some 16 MiB. */
const CALL_LIMIT_MS = 60_000;

/** A store, and what only its kind can do. */
export interface OpenedStore {
  /** Every call of it has a limit (E2). */
  readonly store: Store;
  /** What to know about this place, if anything. */
  readonly caution: string | undefined;
  /** Removes what writers left half-written that died long ago. */
  sweep(): Promise<number>;
}

/** A store that somebody may be disturbing on purpose. */
export interface DisturbedStore {
  readonly store: Store;
  /** A shorter limit for its calls, where time runs faster. */
  readonly callLimitMs?: number | undefined;
}

/** Opens the store; `read` never creates anything. Rejects with the signal's reason when it aborts. */
export async function openStore(
  location: StoreLocation,
  mode: "read" | "write",
  signal?: AbortSignal,
  disturb: (store: Store) => Promise<DisturbedStore> = (store) => Promise.resolve({ store }),
): Promise<OpenedStore> {
  const { limitStore, openFileStore } = await import("../store/index.ts");
  const store = await openFileStore(location.path, { mode, signal });
  const { store: disturbed, callLimitMs = CALL_LIMIT_MS } = await disturb(store);
  return {
    store: limitStore(disturbed, systemClock, { callLimitMs }),
    caution: store.caution,
    sweep: () => store.sweep(),
  };
}

/** Names a file that says how the store of `spotproof run` is to be disturbed. Set by rehearsals. */
const STORE_FAULTS_VARIABLE = "SPOTPROOF_REHEARSAL_STORE_FAULTS";

/** As `openStore` for writing, with the faults of a rehearsal when there is one. */
export async function openJobStore(
  location: StoreLocation,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<OpenedStore & { readonly disturbedBy: string | undefined }> {
  const faultsFile = environment[STORE_FAULTS_VARIABLE];
  if (faultsFile === undefined || faultsFile === "")
    return { ...(await openStore(location, "write", signal)), disturbedBy: undefined };
  const { disturbByFile } = await import("./store-disturbance.ts");
  const opened = await openStore(location, "write", signal, (store) => disturbByFile(store, faultsFile));
  return { ...opened, disturbedBy: `${STORE_FAULTS_VARIABLE}=${faultsFile}` };
}

import { SpotproofError } from "../../base/index.ts";
import { placeOf } from "../file/read-place.ts";
import { type StoreLocation, pathOnDisk } from "./store-location.ts";

/** Set to 1 where stores that go with the machine are meant: in rehearsals and tests. */
const ALLOW_VARIABLE = "SPOTPROOF_ALLOW_VOLATILE_STORE";

/** Where a store lies that was not refused. */
export interface StorePlace {
  /** Such as `on EFS fs-123 (mounted at /mnt/efs)`; undefined where nobody can tell. */
  readonly words: string | undefined;
  /** A sentence for people about a store that goes with this machine, which was allowed. */
  readonly advice: string | undefined;
}

/** Whether a store that goes with the machine was allowed. */
export interface VolatileStores {
  readonly allowVolatileStore: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A sentence that says how to allow it, where that is not as the advice of `store-volatile` says. */
  readonly howToAllow?: string | undefined;
}

/**
 * L01: a store must outlive the machine. Says where it lies, before anything is created there. A place of which nothing is
 * known is never refused.
 * @throws SpotproofError `store-volatile`
 */
export async function requireLastingPlace(
  location: StoreLocation,
  { allowVolatileStore, environment, howToAllow }: VolatileStores,
  signal?: AbortSignal,
): Promise<StorePlace> {
  const path = pathOnDisk(location);
  const place = path === undefined ? undefined : await placeOf(path, signal);
  if (path === undefined || place?.volatile === undefined) return { words: place?.words, advice: undefined };
  const lies = `the store ${path} lies ${place.volatile}`;
  if (!allowVolatileStore && environment[ALLOW_VARIABLE] !== "1")
    throw new SpotproofError(
      "store-volatile",
      [`${lies.replace("the", "The")}.`, howToAllow].filter((words) => words !== undefined).join(" "),
    );
  return { words: place.words, advice: `${lies}: fine for a try or a rehearsal, not for a job` };
}

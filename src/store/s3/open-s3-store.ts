import { type Clock, type Random, SpotproofError, systemClock, systemRandom } from "../../base/index.ts";
import type { OpenedStore } from "../opened-store.ts";
import { prepareStore } from "../prepare-store.ts";
import { sweepUploads } from "./abandoned-uploads.ts";
import { S3TroubleError } from "./s3-answer.ts";
import { S3Connection, type S3ConnectionOptions, type S3Credentials } from "./s3-connection.ts";
import { S3_LIMITS, type S3Limits } from "./s3-limits.ts";
import type { S3Location } from "./s3-location.ts";
import { S3Store } from "./s3-store.ts";

/** How `openS3Store` opens. */
export interface S3StoreOptions {
  readonly location: S3Location;
  /** `read` creates nothing, not even the marker; writing to the store then still works where the rights allow it. Default `write`. */
  readonly mode?: "read" | "write" | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: what the SDK's usual chain finds (environment, profile, role of the container or machine). */
  readonly credentials?: S3Credentials | undefined;
  /** So many requests are under way at once; others wait. Default 16. */
  readonly maxConnections?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** For tests: sizes and times that suit them. */
  readonly limits?: Partial<S3Limits> | undefined;
}

/**
 * Opens the store in a bucket, which must exist. Loads the SDK, finds credentials and asks the bucket, so that nothing is
 * done for the first time when a notice comes. A region that neither the URL nor the AWS settings name, or that only the
 * settings name wrongly, is found by asking.
 * @throws SpotproofError `store-unreachable`, `store-not-writable`, `store-full`, `store-unsuitable`, `store-newer`,
 * `record-damaged`, `bad-usage` for a wrong region in the URL
 */
export async function openS3Store(options: S3StoreOptions): Promise<OpenedStore> {
  const settings: S3ConnectionOptions = {
    location: options.location,
    region: undefined,
    credentials: options.credentials,
    maxConnections: options.maxConnections ?? 16,
    limits: { ...S3_LIMITS, ...options.limits },
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
  try {
    return await openIn(settings, options);
  } catch (error) {
    const region = regionToTry(error, options.location);
    if (region === undefined) throw error;
    return openIn({ ...settings, region }, options);
  }
}

async function openIn(
  settings: S3ConnectionOptions,
  { mode = "write", signal }: S3StoreOptions,
): Promise<OpenedStore> {
  const connection = await S3Connection.open(settings);
  try {
    const store = await prepareStore(new S3Store(connection), { mode, signal });
    return {
      store,
      caution: cautionAbout(connection),
      largeCallsAtATime: LARGE_CALLS_AT_A_TIME,
      sweep: (options) => sweepUploads(connection, options?.signal),
      close: () => connection.close(),
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** One connection to S3 moves some 80 MB a second. Each has 16 MiB of the saver's memory under way. */
const LARGE_CALLS_AT_A_TIME = 6;

/** Where the bucket is, when the user left that open. */
function regionToTry(error: unknown, { region }: S3Location): string | undefined {
  const isElsewhere = error instanceof SpotproofError && error.code === "bad-usage" && region === undefined;
  return isElsewhere && error.cause instanceof S3TroubleError ? error.cause.trouble.bucketRegion : undefined;
}

function cautionAbout({ isExposed, place, options }: S3Connection): string | undefined {
  if (isExposed) {
    return `${place}: the connection is not encrypted, so whoever sits between can read and change checkpoints. Use an https:// endpoint.`;
  }
  const { storageClass } = options.location;
  if (storageClass === "ONEZONE_IA" || storageClass === "REDUCED_REDUNDANCY") {
    return `${place}: objects of the storage class ${storageClass} are kept less safely than others${storageClass === "ONEZONE_IA" ? ": they are lost with their one zone" : ""}.`;
  }
  return undefined;
}

import type { ListMultipartUploadsCommandOutput, MultipartUpload } from "@aws-sdk/client-s3";
import { isKey } from "../key-rules.ts";
import type { StoreKey } from "../store.ts";
import { requesterSetting } from "./put-object.ts";
import type { S3Connection } from "./s3-connection.ts";

/** An upload that is older than this is nobody's any more. */
const ABANDONED_AFTER_MS = 24 * 60 * 60 * 1000;

/** A part that was under way during an abort may outlive it, so what is left is looked for again. */
const ABORTS = 3;

interface UploadName {
  readonly key: StoreKey;
  readonly id: string;
}

/**
 * Aborts the uploads below the store's prefix that began more than a day ago by the server's clock, and whose keys
 * could be keys of a store; tells how many there were.
 */
export async function sweepUploads(
  connection: S3Connection,
  signal: AbortSignal | undefined,
): Promise<number> {
  const { prefix } = connection.options.location;
  const abandoned: UploadName[] = [];
  for await (const { uploads, serverTimeMs } of pagesOfUploads(connection, prefix, signal)) {
    for (const { Key = "", UploadId: id, Initiated } of uploads) {
      const key = Key.slice(prefix.length);
      const ageMs = serverTimeMs - (Initiated?.getTime() ?? Number.NaN);
      if (id !== undefined && ageMs > ABANDONED_AFTER_MS && isKey(key)) abandoned.push({ key, id });
    }
  }
  for (const upload of abandoned) await abortUpload(connection, upload, signal);
  return abandoned.length;
}

/** Aborts an upload, until nothing of it is left. One that has gone already is fine. */
export async function abortUpload(
  connection: S3Connection,
  { key, id }: UploadName,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { location } = connection.options;
  const fullKey = location.prefix + key;
  for (let tries = 1; tries <= ABORTS; tries += 1) {
    const command = new connection.sdk.AbortMultipartUploadCommand({
      Bucket: location.bucket,
      Key: fullKey,
      UploadId: id,
      ...requesterSetting(location),
    });
    const call = {
      what: `abort an upload of ${key}`,
      right: "s3:AbortMultipartUpload",
      writes: true,
      signal,
    };
    const answer = await connection.ask(command, call, ({ code }) =>
      code === "NoSuchUpload" ? "gone" : undefined,
    );
    if (answer === "gone" || !(await isListed(connection, fullKey, id, signal))) return;
  }
}

async function isListed(
  connection: S3Connection,
  fullKey: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  for await (const { uploads } of pagesOfUploads(connection, fullKey, signal)) {
    if (uploads.some(({ Key, UploadId }) => Key === fullKey && UploadId === id)) return true;
  }
  return false;
}

interface PageOfUploads {
  readonly uploads: readonly MultipartUpload[];
  /** By the clock of the server; NaN when it does not tell. */
  readonly serverTimeMs: number;
}

async function* pagesOfUploads(
  connection: S3Connection,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<PageOfUploads> {
  const { location } = connection.options;
  let after: Pick<ListMultipartUploadsCommandOutput, "NextKeyMarker" | "NextUploadIdMarker"> | undefined;
  for (;;) {
    let serverTimeMs = Number.NaN;
    const call = {
      what: `list the uploads below ${prefix}`,
      right: "s3:ListBucketMultipartUploads",
      writes: false,
      signal,
      onAnswer: ({ date }: Readonly<Record<string, string | undefined>>) => {
        serverTimeMs = Date.parse(date ?? "");
      },
    };
    const command = new connection.sdk.ListMultipartUploadsCommand({
      Bucket: location.bucket,
      Prefix: prefix,
      KeyMarker: after?.NextKeyMarker,
      UploadIdMarker: after?.NextUploadIdMarker,
      ...requesterSetting(location),
    });
    const page = await connection.ask(command, call);
    yield { uploads: page.Uploads ?? [], serverTimeMs };
    if (page.IsTruncated !== true) return;
    if (page.NextKeyMarker === undefined)
      throw connection.implausible(call, "is cut off and does not say where.");
    after = page;
  }
}

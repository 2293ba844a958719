import type { CompletedPart } from "@aws-sdk/client-s3";
import type { StoreBytes, StoreKey } from "../store.ts";
import { abortUpload } from "./abandoned-uploads.ts";
import { objectBody, partOf } from "./object-body.ts";
import {
  conditionalResult,
  type ObjectToPut,
  objectSettings,
  type PutResult,
  requesterSetting,
} from "./put-object.ts";
import type { S3Call, S3Connection } from "./s3-connection.ts";
import { partSize } from "./s3-limits.ts";

// An object in parts. It appears, whole, when the upload is completed, and that is also when the condition is tested.
// Until then it is an upload that lists as none and costs what its parts cost, so whatever goes wrong aborts it.

interface Upload {
  readonly key: StoreKey;
  readonly id: string;
}

/** Writes an object in parts, a few at a time. */
export async function putInParts(connection: S3Connection, object: ObjectToPut): Promise<PutResult> {
  const upload = await beginUpload(connection, object);
  let result: PutResult | undefined;
  try {
    const parts = await sendParts(connection, object, upload);
    result = await completeUpload(connection, object, upload, parts);
  } finally {
    // The caller has a result or an error already, and need not wait.
    if (result !== "written") connection.inBackground(abortUpload(connection, upload, undefined));
  }
  return result;
}

function callFor(object: ObjectToPut, step: string, signal = object.signal): S3Call {
  const what = `${object.ifAbsent ? "create" : "replace"} ${object.key} (${step})`;
  return { what, right: "s3:PutObject", writes: true, signal };
}

async function beginUpload(connection: S3Connection, object: ObjectToPut): Promise<Upload> {
  const { location } = connection.options;
  const call = callFor(object, "begin the upload");
  const command = new connection.sdk.CreateMultipartUploadCommand({
    ...objectSettings(location, object.sizeBytes),
    Key: location.prefix + object.key,
    ...(location.checksums ? { ChecksumAlgorithm: "CRC32" as const } : {}),
  });
  const { UploadId: id } = await connection.ask(command, call);
  if (id === undefined) throw connection.implausible(call, "names no upload, so it is not S3 that answered.");
  return { key: object.key, id };
}

/** The first part that fails ends those that are under way. */
async function sendParts(
  connection: S3Connection,
  object: ObjectToPut,
  upload: Upload,
): Promise<readonly CompletedPart[]> {
  const { limits } = connection.options;
  const size = partSize(object.sizeBytes, limits);
  const count = Math.ceil(object.sizeBytes / size);
  const done: CompletedPart[] = [];
  const stop = new AbortController();
  const stopToo = (): void => stop.abort(object.signal?.reason);
  if (object.signal?.aborted === true) stopToo();
  object.signal?.addEventListener("abort", stopToo);
  let next = 0;
  const sender = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      const bytes = partOf(object.bytes, index * size, (index + 1) * size);
      done[index] = await sendPart(connection, object, upload, index + 1, bytes, stop.signal);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(limits.partsAtOnce, count) }, sender));
  } catch (error) {
    stop.abort(error);
    throw error;
  } finally {
    object.signal?.removeEventListener("abort", stopToo);
  }
  return done;
}

async function sendPart(
  connection: S3Connection,
  object: ObjectToPut,
  { key, id }: Upload,
  number: number,
  bytes: StoreBytes,
  signal: AbortSignal,
): Promise<CompletedPart> {
  const { location } = connection.options;
  const { body, sizeBytes, contentHash, crc32 } = objectBody(bytes, connection.isExposed);
  const call = {
    ...callFor(object, `part ${number}`, signal),
    headers: { "x-amz-content-sha256": contentHash },
  };
  const checksum = location.checksums ? { ChecksumCRC32: crc32 } : {};
  const command = new connection.sdk.UploadPartCommand({
    Bucket: location.bucket,
    Key: location.prefix + key,
    UploadId: id,
    PartNumber: number,
    Body: body,
    ContentLength: sizeBytes,
    ...checksum,
    ...requesterSetting(location),
  });
  const { ETag } = await connection.ask(command, call);
  if (ETag === undefined) throw connection.implausible(call, "has no ETag, so it is not S3 that answered.");
  return { PartNumber: number, ETag, ...checksum };
}

async function completeUpload(
  connection: S3Connection,
  object: ObjectToPut,
  { key, id }: Upload,
  parts: readonly CompletedPart[],
): Promise<PutResult> {
  const { location } = connection.options;
  const call = callFor(object, "complete the upload");
  const command = new connection.sdk.CompleteMultipartUploadCommand({
    Bucket: location.bucket,
    Key: location.prefix + key,
    UploadId: id,
    MultipartUpload: { Parts: [...parts] },
    ...requesterSetting(location),
    ...(object.ifAbsent ? { IfNoneMatch: "*" } : {}),
  });
  const answer = await connection.ask(command, call, (trouble) =>
    object.ifAbsent ? conditionalResult(trouble) : undefined,
  );
  if (typeof answer === "string") return answer;
  if (answer.ETag === undefined)
    throw connection.implausible(call, "has no ETag, so it is not S3 that answered.");
  return "written";
}

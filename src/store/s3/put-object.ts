import type { PutObjectCommandOutput, StorageClass } from "@aws-sdk/client-s3";
import type { StoreBytes, StoreKey } from "../store.ts";
import { objectBody } from "./object-body.ts";
import type { S3Trouble } from "./s3-answer.ts";
import type { S3Call, S3Connection } from "./s3-connection.ts";
import type { S3Location } from "./s3-location.ts";

/** What became of one try to write an object. `conflict`: nothing was written, and trying again at once may help. */
export type PutResult = "written" | "exists" | "conflict";

/** An object to be written. */
export interface ObjectToPut {
  readonly key: StoreKey;
  readonly bytes: StoreBytes;
  readonly sizeBytes: number;
  readonly ifAbsent: boolean;
  readonly signal: AbortSignal | undefined;
}

/** Smaller objects are charged as if they had this size in the cheaper classes, and for a month or more. */
const SMALLEST_FOR_STORAGE_CLASS_BYTES = 128 * 1024;

/** What every request says that begins an object. */
export function objectSettings(location: S3Location, sizeBytes: number) {
  const { bucket, storageClass, kmsKey } = location;
  return {
    Bucket: bucket,
    ...requesterSetting(location),
    ...(storageClass !== undefined && sizeBytes >= SMALLEST_FOR_STORAGE_CLASS_BYTES
      ? { StorageClass: storageClass as StorageClass }
      : {}),
    ...(kmsKey === undefined ? {} : { ServerSideEncryption: "aws:kms" as const }),
    ...(kmsKey === undefined || kmsKey === "aws/s3" ? {} : { SSEKMSKeyId: kmsKey }),
  };
}

/** What every request says where the requester pays. */
export function requesterSetting({ requesterPays }: S3Location) {
  return requesterPays ? { RequestPayer: "requester" as const } : {};
}

/**
 * What an answer to a conditional write says by its error. A code may come behind a status of 200:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html, and 409 and 412 are told apart in
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
 */
export function conditionalResult({ status, code }: S3Trouble): "exists" | "conflict" | undefined {
  if (code === "PreconditionFailed" || status === 412) return "exists";
  if (code === "ConditionalRequestConflict" || code === "OperationAborted") return "conflict";
  return undefined;
}

/** Writes an object with one request. */
export async function putObject(connection: S3Connection, object: ObjectToPut): Promise<PutResult> {
  const { location } = connection.options;
  const { body, contentHash, crc32 } = objectBody(object.bytes, connection.isExposed);
  const call: S3Call = {
    what: `${object.ifAbsent ? "create" : "replace"} ${object.key}`,
    right: "s3:PutObject",
    writes: true,
    signal: object.signal,
    headers: { "x-amz-content-sha256": contentHash },
  };
  const command = new connection.sdk.PutObjectCommand({
    ...objectSettings(location, object.sizeBytes),
    Key: location.prefix + object.key,
    Body: body,
    ContentLength: object.sizeBytes,
    ...(location.checksums ? { ChecksumCRC32: crc32 } : {}),
    ...(object.ifAbsent ? { IfNoneMatch: "*" } : {}),
  });
  const answer = await connection.ask<typeof command.input, PutObjectCommandOutput, "exists" | "conflict">(
    command,
    call,
    (trouble) => (object.ifAbsent ? conditionalResult(trouble) : undefined),
  );
  if (typeof answer === "string") return answer;
  // A proxy that answers 200 to everything has stored nothing.
  if (answer.ETag === undefined)
    throw connection.implausible(call, "has no ETag, so it is not S3 that answered.");
  return "written";
}

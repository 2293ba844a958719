import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { errorReply, type S3Reply } from "./s3-reply.ts";
import { type S3Request, unframed } from "./s3-request.ts";

/** Compares a body with what its headers say of it; gives the refusal, if one is due. Trailers are not compared. */
export function refusalOfBody(request: S3Request): S3Reply | undefined {
  const { headers } = request;
  const bytes = unframed(request);
  let sha256: Buffer | undefined;
  const digest = (): Buffer => (sha256 ??= createHash("sha256").update(bytes).digest());
  const signed = headers["x-amz-content-sha256"];
  if (signed === undefined) return errorReply("InvalidRequest");
  const isDigest = /^[0-9a-f]{64}$/.test(signed);
  if (isDigest && signed !== digest().toString("hex")) return errorReply("XAmzContentSHA256Mismatch");
  const checksum = headers["x-amz-checksum-sha256"];
  if (checksum !== undefined && checksum !== digest().toString("base64")) return errorReply("BadDigest");
  const crc = headers["x-amz-checksum-crc32"];
  if (crc === undefined) return undefined;
  const received = Buffer.alloc(4);
  received.writeUInt32BE(crc32(bytes));
  return crc === received.toString("base64") ? undefined : errorReply("BadDigest");
}

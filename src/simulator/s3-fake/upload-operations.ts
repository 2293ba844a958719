import { compositeChecksum, newEtag, type ObjectShelf } from "./object-shelf.ts";
import { refusalOfWrite, traitsOf } from "./object-operations.ts";
import { errorReply, type S3Reply, xml } from "./s3-reply.ts";
import { type S3Request, unframed } from "./s3-request.ts";

// Uploads in parts. An upload is no object and satisfies no condition until it is completed.

export function createUpload(shelf: ObjectShelf, request: S3Request, nowMs: number): S3Reply {
  const { bucket, key } = request;
  const { id } = shelf.beginUpload(key, nowMs, traitsOf(request));
  return {
    status: 200,
    body: xml("InitiateMultipartUploadResult", { Bucket: bucket, Key: key, UploadId: id }),
  };
}

export function uploadPart(shelf: ObjectShelf, request: S3Request): S3Reply {
  const upload = shelf.uploads.get(request.query.get("uploadId") ?? "");
  if (upload === undefined) return errorReply("NoSuchUpload");
  const etag = newEtag();
  upload.parts.set(Number(request.query.get("partNumber")), { bytes: unframed(request), etag });
  const checksum = request.headers["x-amz-checksum-crc32"];
  return {
    status: 200,
    headers: { etag, ...(checksum === undefined ? {} : { "x-amz-checksum-crc32": checksum }) },
  };
}

export function completeUpload(
  shelf: ObjectShelf,
  request: S3Request,
  nowMs: number,
  ignoresConditions: boolean,
): S3Reply {
  const upload = shelf.uploads.get(request.query.get("uploadId") ?? "");
  if (upload === undefined || upload.key !== request.key) return errorReply("NoSuchUpload");
  const refusal = ignoresConditions ? undefined : refusalOfWrite(shelf, request);
  if (refusal !== undefined) return refusal;
  const named = [...request.body.toString().matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part = ""]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: /<ETag>(.*?)</.exec(part)?.[1]?.replaceAll("&quot;", '"'),
    checksum: /<ChecksumCRC32>(.*?)</.exec(part)?.[1],
  }));
  const parts = named.map(({ number, etag }) => {
    const part = upload.parts.get(number);
    return part?.etag === etag ? part : undefined;
  });
  if (parts.length === 0 || parts.includes(undefined)) return errorReply("InvalidPart");
  const checksums = named.flatMap(({ checksum }) => checksum ?? []);
  const etag = newEtag();
  shelf.put(request.key, {
    bytes: Buffer.concat(parts.flatMap((part) => part?.bytes ?? [])),
    etag,
    modifiedMs: nowMs,
    checksums:
      checksums.length === parts.length
        ? { "x-amz-checksum-crc32": compositeChecksum(checksums), "x-amz-checksum-type": "COMPOSITE" }
        : {},
    traits: upload.traits,
  });
  shelf.uploads.delete(upload.id);
  const { bucket, key } = request;
  return {
    status: 200,
    body: xml("CompleteMultipartUploadResult", { Bucket: bucket, Key: key, ETag: etag }),
  };
}

export function abortUpload(shelf: ObjectShelf, { query }: S3Request): S3Reply {
  return shelf.uploads.delete(query.get("uploadId") ?? "") ? { status: 204 } : errorReply("NoSuchUpload");
}

import { newEtag, type ObjectShelf, type ShelvedObject } from "./object-shelf.ts";
import { errorReply, type S3Reply } from "./s3-reply.ts";
import { type S3Request, unframed } from "./s3-request.ts";

// Puts, gets and deletes, as https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
// describes them.

/** Headers that are kept with an object and told again. */
const TRAITS: ReadonlySet<string> = new Set([
  "content-type",
  "x-amz-storage-class",
  "x-amz-server-side-encryption",
  "x-amz-server-side-encryption-aws-kms-key-id",
]);

/** What of a request's headers is kept with the object. */
export function traitsOf({ headers }: S3Request): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value !== undefined && (TRAITS.has(name) || name.startsWith("x-amz-meta-")) ? [[name, value]] : [],
    ),
  );
}

/** The reply to a write whose condition does not hold; undefined: it holds. */
export function refusalOfWrite(shelf: ObjectShelf, { key, headers }: S3Request): S3Reply | undefined {
  const ifNoneMatch = headers["if-none-match"];
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") return errorReply("NotImplemented");
  const refusal = shelf.refusal(key, { ifNoneMatch, ifMatch: headers["if-match"] });
  return refusal === undefined ? undefined : errorReply(refusal);
}

export function putObject(
  shelf: ObjectShelf,
  request: S3Request,
  nowMs: number,
  ignoresConditions: boolean,
): S3Reply {
  const refusal = ignoresConditions ? undefined : refusalOfWrite(shelf, request);
  if (refusal !== undefined) return refusal;
  const checksums = Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      name.startsWith("x-amz-checksum-") && value !== undefined ? [[name, value]] : [],
    ),
  );
  const etag = newEtag();
  const bytes = unframed(request);
  shelf.put(request.key, { bytes, etag, modifiedMs: nowMs, checksums, traits: traitsOf(request) });
  return { status: 200, headers: { etag, ...checksums } };
}

export function getObject(shelf: ObjectShelf, { key, headers }: S3Request): S3Reply {
  const object = shelf.objects.get(key);
  if (object === undefined) return errorReply("NoSuchKey");
  const range = headers["range"];
  if (range === undefined) return { status: 200, headers: describe(object, headers), body: object.bytes };
  const match = /^bytes=(\d+)-(\d*)$/.exec(range);
  const size = object.bytes.length;
  const from = Number(match?.[1]);
  const to = Math.min(match?.[2] === "" ? size - 1 : Number(match?.[2]), size - 1);
  // A range that cannot be read is ignored, as RFC 9110 has it.
  if (Number.isNaN(from) || Number.isNaN(to))
    return { status: 200, headers: describe(object, headers), body: object.bytes };
  if (from >= size) return errorReply("InvalidRange", { "content-range": `bytes */${size}` });
  return {
    status: 206,
    headers: { ...describe(object, {}), "content-range": `bytes ${from}-${to}/${size}` },
    body: object.bytes.subarray(from, to + 1),
  };
}

function describe(
  { etag, modifiedMs, checksums, traits }: ShelvedObject,
  asked: S3Request["headers"],
): Readonly<Record<string, string>> {
  return {
    etag,
    "last-modified": new Date(modifiedMs).toUTCString(),
    "accept-ranges": "bytes",
    ...traits,
    ...(asked["x-amz-checksum-mode"] === "ENABLED" ? checksums : {}),
  };
}

export function deleteObject(shelf: ObjectShelf, { key }: S3Request): S3Reply {
  shelf.remove(key);
  return { status: 204 };
}

import { Readable } from "node:stream";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import type { ByteRange, ReadOptions, StoreKey } from "../store.ts";
import { crc32Of } from "./object-body.ts";
import { requesterSetting } from "./put-object.ts";
import type { S3Call, S3Connection } from "./s3-connection.ts";

/** An object or a part of it; undefined when there is none. An answer that is not whole is thrown, never handed over. */
export async function readObject(
  connection: S3Connection,
  key: StoreKey,
  { range, into, signal }: ReadOptions,
): Promise<Buffer | undefined> {
  const { location } = connection.options;
  const verifies = range === undefined && location.checksums;
  const call: S3Call = {
    what: `read ${key}`,
    right: "s3:GetObject",
    writes: false,
    signal,
    // Not by the SDK's parameter: its own check costs more, as it goes through a stream.
    ...(verifies ? { headers: { "x-amz-checksum-mode": "ENABLED" } } : {}),
  };
  const command = new connection.sdk.GetObjectCommand({
    Bucket: location.bucket,
    Key: location.prefix + key,
    ...(range === undefined ? {} : { Range: rangeHeader(range) }),
    ...requesterSetting(location),
  });
  const answer = await connection.ask<typeof command.input, GetObjectCommandOutput, "absent" | "beyond">(
    command,
    call,
    // Only S3's own code says that the object is absent: a proxy knows 404 as well.
    ({ code, status }) =>
      code === "NoSuchKey" ? "absent" : status === 416 && range !== undefined ? "beyond" : undefined,
  );
  if (answer === "absent") return undefined;
  if (answer === "beyond") return Buffer.alloc(0);
  if (answer.ETag === undefined)
    throw connection.implausible(call, "has no ETag, so it is not S3 that answered.");
  const body = await receive(connection, call, answer, into);
  if (range !== undefined) return partIn(connection, call, answer, body, range);
  if (verifies) requireChecksum(connection, call, answer, body);
  return body;
}

/** At least one byte is asked for: a range of none cannot be written, and whether the object exists must be known. */
function rangeHeader({ offset, length }: ByteRange): string {
  return `bytes=${offset}-${offset + Math.max(length, 1) - 1}`;
}

async function receive(
  connection: S3Connection,
  call: S3Call,
  { Body: body, ContentLength: announced }: GetObjectCommandOutput,
  into: Buffer | undefined,
): Promise<Buffer> {
  if (!(body instanceof Readable)) throw connection.implausible(call, "has no body.");
  const received = await collect(body, announced, into, call.signal).catch((error: unknown) => {
    if (call.signal?.aborted === true) throw call.signal.reason;
    throw connection.implausible(call, "broke off before its end.", error);
  });
  if (announced !== undefined && received.length !== announced) {
    throw connection.implausible(call, `ended after ${received.length} of ${announced} bytes.`);
  }
  return received;
}

/** All of a stream, in the buffer that is lent when it fits. */
function collect(
  body: Readable,
  announced: number | undefined,
  into: Buffer | undefined,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  if (announced === undefined) return collectUnannounced(body, signal);
  const target =
    into !== undefined && into.length >= announced
      ? into.subarray(0, announced)
      : Buffer.allocUnsafe(announced);
  return new Promise((resolve, reject) => {
    let filled = 0;
    const giveUp = (): void => {
      body.destroy();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", giveUp, { once: true });
    const ended = (action: () => void) => (): void => {
      signal?.removeEventListener("abort", giveUp);
      action();
    };
    body.on("data", (piece: Buffer) => {
      if (filled + piece.length > target.length) body.destroy(new Error("more bytes than were announced"));
      else filled += piece.copy(target, filled);
    });
    body.on(
      "end",
      ended(() => resolve(target.subarray(0, filled))),
    );
    body.on("error", (error) => ended(() => reject(error))());
    body.on(
      "close",
      ended(() => reject(new Error("the connection was closed"))),
    );
    if (signal?.aborted === true) giveUp();
    // Its end would not be told a second time.
    else if (body.destroyed) ended(() => reject(new Error("the connection was closed")))();
  });
}

async function collectUnannounced(body: Readable, signal: AbortSignal | undefined): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of body) {
    signal?.throwIfAborted();
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

/** The part that was asked for: the body, unless the server does not know ranges and sent the whole. */
function partIn(
  connection: S3Connection,
  call: S3Call,
  { ContentRange: sent, $metadata }: GetObjectCommandOutput,
  body: Buffer,
  { offset, length }: ByteRange,
): Buffer {
  if ($metadata.httpStatusCode === 200) return body.subarray(offset, offset + length);
  const match = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(sent ?? "");
  const [from, to, size] = [Number(match?.[1]), Number(match?.[2]), Number(match?.[3])];
  const end = Math.min(offset + Math.max(length, 1), size);
  if (from !== offset || to + 1 !== end || body.length !== end - offset) {
    throw connection.implausible(call, `is another part than was asked for: ${sent ?? "no Content-Range"}.`);
  }
  return body.subarray(0, length);
}

/** Compares with the checksum that was stored with the object, if there is one of the whole of it. */
function requireChecksum(
  connection: S3Connection,
  call: S3Call,
  { ChecksumCRC32: stored, ChecksumType: type }: GetObjectCommandOutput,
  body: Buffer,
): void {
  // That of an object in parts is one of checksums, and has their number behind a dash.
  if (stored === undefined || type === "COMPOSITE" || stored.includes("-")) return;
  const received = crc32Of([body]);
  if (received === stored) return;
  throw connection.implausible(
    call,
    `does not match the CRC-32 that is stored with the object (${stored}, received ${received}).`,
  );
}

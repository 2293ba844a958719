import { randomBytes } from "node:crypto";
import type { StoreBytes, StoreKey } from "../store.ts";
import { RepeatableError } from "./dynamodb-errors.ts";
import { PART_BYTES, type Places, type Upload, type UploadRecord, readRecord, recordItem } from "./items.ts";
import { type CallTools, findHead } from "./heads.ts";
import { forEachIndex } from "./repeat.ts";
import type { Condition, Write } from "./table-client.ts";

// The parts of large values, and who may remove them.
//   U1. An upload has a record from before its first part is written until a head has it, or its parts are gone.
//   U2. A head gets an upload in the one transaction that removes its record; a head loses it in the one that writes it.
//   U3. Parts are removed only after their record was marked abandoned, which no transaction for a head accepts.
// So no crash can leave parts that nobody finds, and nobody can remove parts that a head has or may still get.

/** Bounds the memory: each takes about three times its size while it is sent. */
const PARTS_AT_ONCE = 4;
/** No upload takes so long; one that stood still meanwhile is refused by U3 and begins again. */
const ABANDONED_AFTER_MS = 24 * 3600 * 1000;

const STILL_WANTED: Condition = { expression: "attribute_exists(pk) AND attribute_not_exists(abandoned)" };
const STILL_THERE: Condition = { expression: "attribute_exists(pk)" };

/** Writes the record and the parts of a value. When that fails, what was written is removed, now or by a sweep. */
export async function writeUpload(
  tools: CallTools,
  key: StoreKey,
  bytes: StoreBytes,
  sizeBytes: number,
): Promise<Upload> {
  const { client, places, repeater, signal } = tools;
  const parts = splitIntoParts(bytes, PART_BYTES);
  const upload = { id: randomBytes(16).toString("hex"), partCount: Math.ceil(sizeBytes / PART_BYTES) };
  const record = recordOf(tools, key, upload);
  await repeater.run(() =>
    client.put(recordItem(places.record(upload), record, "under way"), undefined, signal),
  );
  try {
    await forEachIndex(upload.partCount, PARTS_AT_ONCE, async (index) => {
      const { pk, sk } = places.part(upload, index);
      const content = joined(parts[index] ?? []);
      const item = { pk: { S: pk }, sk: { S: sk }, content: { B: content } };
      await repeater.run(() => client.put(item, undefined, signal));
    });
  } catch (error) {
    // A table that refuses still removes, and must not fill up with what callers repeat. Without answers it would be in vain.
    if (error instanceof RepeatableError && error.happened === "no")
      await discardUpload(tools, record, "part may come late");
    throw error;
  }
  return upload;
}

/** The write that makes an upload a head's, for the head's transaction (U2). */
export function consumeRecord(places: Places, upload: Upload): Write {
  return { kind: "remove", key: places.record(upload), condition: STILL_WANTED };
}

/** What is recorded of an upload that begins, or that its head is about to lose. */
export function recordOf({ client }: CallTools, key: StoreKey, upload: Upload): UploadRecord {
  return { upload, key, startedAtMs: client.serverTimeMs() };
}

/** The write that records an upload whose head loses it, for the head's transaction (U2). */
export function abandonRecord(places: Places, record: UploadRecord): Write {
  return { kind: "put", item: recordItem(places.record(record.upload), record, "abandoned") };
}

/**
 * Removes an upload that no head can have. Trouble is left to the sweep, which finds the record; so is a part whose request
 * was not answered and may yet take effect.
 */
export async function discardUpload(
  tools: CallTools,
  record: UploadRecord,
  parts: "all came" | "part may come late" = "all came",
): Promise<void> {
  try {
    await removeUpload(tools, record, parts);
  } catch (error) {
    if (tools.signal?.aborted === true) throw error;
  }
}

/**
 * Gives up an upload whose transaction was refused, and tells whether an earlier try of it, the answer to which was lost, has
 * made it the head's after all. In this order nothing can come in between: once the record is marked or gone, the head has
 * the upload or never will.
 */
export async function giveUpUpload(
  tools: CallTools,
  record: UploadRecord,
): Promise<"given up" | "is the head's"> {
  const marked = await markAbandoned(tools, record);
  if (!marked && (await isOfHead(tools, record))) return "is the head's";
  try {
    await removeParts(tools, record.upload);
    if (marked) await removeRecord(tools, record.upload);
  } catch (error) {
    // The sweep finds the record. Without one a few parts stay, in a case that takes a day and a failure to get into.
    if (tools.signal?.aborted === true) throw error;
  }
  return "given up";
}

/** Removes what uploads left that began more than a day ago, by the server's clock; tells how many those were. */
export async function sweepUploads(tools: CallTools): Promise<number> {
  const { client, places, repeater, signal } = tools;
  let removed = 0;
  let after: string | undefined;
  do {
    const range = { pk: places.uploads, from: "!", to: "~", after };
    const page = await repeater.run(() => client.query(range, signal));
    for (const item of page.items) {
      const record = readRecord(item);
      if (record === undefined || !isOld(record, client.serverTimeMs())) continue;
      // U2 makes this impossible. A server whose transactions are none would lose data here, so it is looked at.
      if (await isOfHead(tools, record)) continue;
      if (await removeUpload(tools, record)) removed += 1;
    }
    after = page.reached;
  } while (after !== undefined);
  return removed;
}

function isOld({ startedAtMs }: UploadRecord, serverMs: number | undefined): boolean {
  if (startedAtMs === undefined || serverMs === undefined) return false;
  return serverMs - startedAtMs > ABANDONED_AFTER_MS;
}

async function isOfHead(tools: CallTools, { key, upload }: UploadRecord): Promise<boolean> {
  const head = await findHead(tools, key);
  return head?.kind === "parts" && head.upload.id === upload.id;
}

/** False when the record is gone: a head has the upload, or somebody else has removed it. */
async function removeUpload(
  tools: CallTools,
  record: UploadRecord,
  parts: "all came" | "part may come late" = "all came",
): Promise<boolean> {
  if (!(await markAbandoned(tools, record))) return false;
  await removeParts(tools, record.upload);
  if (parts === "all came") await removeRecord(tools, record.upload);
  return true;
}

/** From here on no head can get the upload (U3). False when its record is gone already. */
async function markAbandoned(
  { client, places, repeater, signal }: CallTools,
  record: UploadRecord,
): Promise<boolean> {
  const item = recordItem(places.record(record.upload), record, "abandoned");
  return (await repeater.run(() => client.put(item, STILL_THERE, signal))) === "done";
}

function removeParts({ client, places, repeater, signal }: CallTools, upload: Upload): Promise<void> {
  return forEachIndex(upload.partCount, PARTS_AT_ONCE, async (index) => {
    await repeater.run(() => client.remove(places.part(upload, index), undefined, signal));
  });
}

async function removeRecord({ client, places, repeater, signal }: CallTools, upload: Upload): Promise<void> {
  await repeater.run(() => client.remove(places.record(upload), undefined, signal));
}

/** The pieces of each part, without a copy. */
function splitIntoParts(bytes: StoreBytes, partBytes: number): readonly (readonly Uint8Array[])[] {
  const parts: Uint8Array[][] = [];
  let room = 0;
  for (const piece of bytes) {
    for (let offset = 0; offset < piece.length; ) {
      if (room === 0) {
        parts.push([]);
        room = partBytes;
      }
      const taken = piece.subarray(offset, offset + room);
      parts.at(-1)?.push(taken);
      offset += taken.length;
      room -= taken.length;
    }
  }
  return parts;
}

/** One piece is given as it is: it is sent before the call ends, and its owner leaves it alone until then. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only, ...more] = pieces;
  return only !== undefined && more.length === 0 ? only : Buffer.concat(pieces);
}

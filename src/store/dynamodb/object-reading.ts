import { SpotproofError } from "../../base/index.ts";
import type { ReadOptions, StoreKey } from "../store.ts";
import { type CallTools, findHead } from "./heads.ts";
import { type Head, sizeOf } from "./items.ts";
import { forEachIndex } from "./repeat.ts";

const PARTS_AT_ONCE = 4;
/** How often an object may be replaced while it is read. */
const READ_TRIES = 10;

/** @see Store.read */
export async function readStored(
  tools: CallTools,
  key: StoreKey,
  options: Pick<ReadOptions, "range" | "into">,
): Promise<Buffer | undefined> {
  let missing: string | undefined;
  for (let tries = 1; tries <= READ_TRIES; tries += 1) {
    const head = await findHead(tools, key);
    if (head === undefined) return undefined;
    const offset = Math.min(options.range?.offset ?? 0, sizeOf(head));
    const end = Math.min(offset + (options.range?.length ?? sizeOf(head)), sizeOf(head));
    const result = roomFor(end - offset, options.into);
    if (head.kind === "inline") {
      result.set(head.content.subarray(offset, end));
      return result;
    }
    // The head is looked at again after a part was missing: the same upload means that the part is lost for good.
    if (head.upload.id === missing) throw lost(tools, key);
    if (await readParts(tools, head, offset, result)) return result;
    missing = head.upload.id;
  }
  throw new SpotproofError(
    "store-unreachable",
    `${tools.client.place}: ${key} was replaced again and again while it was read.`,
  );
}

/** Fills `result` with the bytes from `offset` on. False: a part is not there. */
async function readParts(
  { client, places, repeater, signal }: CallTools,
  { upload, partBytes, sizeBytes }: Extract<Head, { kind: "parts" }>,
  offset: number,
  result: Buffer,
): Promise<boolean> {
  if (result.length === 0) return true;
  const first = Math.floor(offset / partBytes);
  const last = Math.floor((offset + result.length - 1) / partBytes);
  let complete = true;
  await forEachIndex(last - first + 1, PARTS_AT_ONCE, async (number) => {
    if (!complete) return;
    const index = first + number;
    const item = await repeater.run(() => client.get(places.part(upload, index), signal));
    const content = item?.["content"]?.B;
    const startsAt = index * partBytes;
    // A part of another length is as good as none.
    if (content === undefined || content.length !== Math.min(partBytes, sizeBytes - startsAt)) {
      complete = false;
      return;
    }
    const from = Math.max(0, offset - startsAt);
    const to = Math.min(content.length, offset + result.length - startsAt);
    result.set(content.subarray(from, to), startsAt + from - offset);
  });
  return complete;
}

function roomFor(length: number, into: Buffer | undefined): Buffer {
  return into !== undefined && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafe(length);
}

function lost({ client }: CallTools, key: StoreKey): SpotproofError {
  return new SpotproofError(
    "record-damaged",
    `${client.place}: a part of ${key} is not there. Somebody or something else removes items of this table.`,
  );
}

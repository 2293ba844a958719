import { randomUUID } from "node:crypto";
import { SpotproofError } from "../../base/index.ts";
import { lengthOf } from "../bytes-length.ts";
import type { StoreBytes, StoreKey } from "../store.ts";
import { RepeatableError } from "./dynamodb-errors.ts";
import { type CallTools, findHead } from "./heads.ts";
import { type Head, LARGEST_INLINE_BYTES, PART_BYTES, type Upload, headItem } from "./items.ts";
import type { Condition, Write } from "./table-client.ts";
import {
  abandonRecord,
  consumeRecord,
  discardUpload,
  giveUpUpload,
  recordOf,
  writeUpload,
} from "./uploads.ts";

const IS_FREE: Condition = { expression: "attribute_not_exists(pk)" };
/** Free, or with its value inside: then one write is all there is to do. */
const HAS_NO_PARTS: Condition = { expression: "attribute_not_exists(uploadId)" };

/** @see Store.create */
export async function createObject(
  tools: CallTools,
  key: StoreKey,
  bytes: StoreBytes,
): Promise<"created" | "exists"> {
  const { client, places, signal } = tools;
  const sizeBytes = lengthOf(bytes);
  if (sizeBytes <= LARGEST_INLINE_BYTES) {
    const item = headItem(places.head(key), inlineHead(bytes));
    return (await client.put(item, IS_FREE, signal)) === "done" ? "created" : "exists";
  }
  // One cheap read spares writing it all again when a caller repeats a call whose answer was lost.
  if ((await findHead(tools, key)) !== undefined) return "exists";
  const upload = await writeUpload(tools, key, bytes, sizeBytes);
  const item = headItem(places.head(key), partsHead(upload, sizeBytes));
  const writes: readonly Write[] = [{ kind: "put", item, condition: IS_FREE }, consumeRecord(places, upload)];
  if ((await commit(tools, writes)) === "done") return "created";
  if ((await giveUpUpload(tools, recordOf(tools, key, upload))) === "is the head's") return "created";
  if ((await findHead(tools, key)) !== undefined) return "exists";
  throw overtaken(tools, key);
}

/** @see Store.replace */
export async function replaceObject(tools: CallTools, key: StoreKey, bytes: StoreBytes): Promise<void> {
  const { client, places, signal } = tools;
  const sizeBytes = lengthOf(bytes);
  if (sizeBytes > LARGEST_INLINE_BYTES) return replaceByParts(tools, key, bytes, sizeBytes);
  const item = headItem(places.head(key), inlineHead(bytes));
  await untilDone(tools, key, async () => {
    if ((await client.put(item, HAS_NO_PARTS, signal)) === "done") return true;
    const old = uploadOf(await findHead(tools, key));
    return old !== undefined && takeFromHead(tools, key, old, { kind: "put", item });
  });
}

async function replaceByParts(
  tools: CallTools,
  key: StoreKey,
  bytes: StoreBytes,
  sizeBytes: number,
): Promise<void> {
  const { places } = tools;
  const upload = await writeUpload(tools, key, bytes, sizeBytes);
  const item = headItem(places.head(key), partsHead(upload, sizeBytes));
  await untilDone(tools, key, async () => {
    const old = uploadOf(await findHead(tools, key));
    // The answer to an earlier try was lost.
    if (old?.id === upload.id) return true;
    const put: Write = { kind: "put", item };
    if (old !== undefined) return takeFromHead(tools, key, old, put, upload);
    const writes = [{ ...put, condition: HAS_NO_PARTS }, consumeRecord(places, upload)];
    return isDone(tools, key, await commit(tools, writes), upload);
  });
}

/** @see Store.remove */
export async function removeObject(tools: CallTools, key: StoreKey): Promise<void> {
  const { client, places, signal } = tools;
  const place = places.head(key);
  await untilDone(tools, key, async () => {
    if ((await client.remove(place, HAS_NO_PARTS, signal)) === "done") return true;
    const old = uploadOf(await findHead(tools, key));
    return old !== undefined && takeFromHead(tools, key, old, { kind: "remove", key: place });
  });
}

/** Takes the upload `old` from its head, which `change` writes or removes, and then removes the parts. */
async function takeFromHead(
  tools: CallTools,
  key: StoreKey,
  old: Upload,
  change: Write,
  mine?: Upload,
): Promise<boolean> {
  const { places } = tools;
  const record = recordOf(tools, key, old);
  const stillOld: Condition = { expression: "uploadId = :old", values: { ":old": { S: old.id } } };
  const writes: Write[] = [{ ...change, condition: stillOld }];
  if (mine !== undefined) writes.push(consumeRecord(places, mine));
  writes.push(abandonRecord(places, record));
  if (!(await isDone(tools, key, await commit(tools, writes), mine))) return false;
  await discardUpload(tools, record);
  return true;
}

/**
 * Sends a transaction until there is an answer. One token for all tries: the server does it once, and tells later tries
 * what came of it.
 */
function commit(
  { client, repeater, signal }: CallTools,
  writes: readonly Write[],
): Promise<"done" | readonly number[]> {
  const token = randomUUID();
  return repeater.run(() => client.transact(writes, token, signal));
}

/** What a transaction came to whose second write consumes the record of `mine`, if there is one. */
async function isDone(
  tools: CallTools,
  key: StoreKey,
  result: "done" | readonly number[],
  mine: Upload | undefined,
): Promise<boolean> {
  if (result === "done") return true;
  if (mine === undefined || !result.includes(1)) return false;
  // The record is gone or marked: the answer to an earlier try was lost, or a sweep took this upload for abandoned.
  if ((await giveUpUpload(tools, recordOf(tools, key, mine))) === "is the head's") return true;
  throw overtaken(tools, key);
}

/** Tries until others have let this call through. */
async function untilDone(tools: CallTools, key: StoreKey, attempt: () => Promise<boolean>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    if (await attempt()) return;
    if (!(await tools.repeater.pause(tries))) {
      throw new SpotproofError(
        "store-unreachable",
        `${tools.client.place}: others kept writing ${key} at the same time.`,
      );
    }
  }
}

/** A lost answer and what others did since hide what became of this call: the caller must look or repeat. */
function overtaken({ client }: CallTools, key: StoreKey): RepeatableError {
  return new RepeatableError(
    "maybe",
    `${client.place}: writing ${key} took so long that it was given up or overtaken by others.`,
  );
}

const inlineHead = (bytes: StoreBytes): Head => ({ kind: "inline", content: Buffer.concat(bytes) });
const uploadOf = (head: Head | undefined): Upload | undefined =>
  head?.kind === "parts" ? head.upload : undefined;

function partsHead(upload: Upload, sizeBytes: number): Head {
  return { kind: "parts", sizeBytes, upload, partBytes: PART_BYTES };
}

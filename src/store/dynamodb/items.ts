import { SpotproofError } from "../../base/index.ts";
import type { StoreKey } from "../store.ts";
import type { Item, ItemKey } from "./table-client.ts";

// The items of a store and their attributes. `#` cannot be in a prefix, so stores in one table keep apart.
//   <prefix>#objects          <key>     a head: sizeBytes, and content or (uploadId, partCount, partBytes)
//   <prefix>#uploads          <upload>  a record: key, partCount, startedAtMs, abandoned. Only while no head has the parts
//   <prefix>#part#<upload>#n  part      content. Each in a partition of its own: one takes about 1 MB a second

/** A value up to this size lies in its head, and costs one request. More would make listings dear, which read whole heads. */
export const LARGEST_INLINE_BYTES = 32 * 1024;

/** An item may have 400 KiB with the names of its attributes and its keys. */
export const PART_BYTES = 392 * 1024;

/** The longest `sk` there can be, in bytes. */
export const LONGEST_KEY = 1024;

/** A value that lies in parts. */
export interface Upload {
  readonly id: string;
  readonly partCount: number;
}

/** What is stored under a key. */
export type Head =
  | { readonly kind: "inline"; readonly content: Uint8Array }
  | {
      readonly kind: "parts";
      readonly sizeBytes: number;
      readonly upload: Upload;
      /** Of every part but the last. */
      readonly partBytes: number;
    };

/** An upload that no head has, as its record says. */
export interface UploadRecord {
  readonly upload: Upload;
  readonly key: StoreKey;
  /** By the server's clock; undefined when it never told the time. */
  readonly startedAtMs: number | undefined;
}

/** The keys of a store's items. */
export class Places {
  readonly objects: string;
  readonly uploads: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.objects = `${prefix}#objects`;
    this.uploads = `${prefix}#uploads`;
  }

  head(key: StoreKey): ItemKey {
    if (key.length > LONGEST_KEY)
      throw new SpotproofError(
        "internal",
        `"${key}" cannot be the key of an object: it is longer than ${LONGEST_KEY} bytes.`,
      );
    return { pk: this.objects, sk: key };
  }

  record(upload: Upload): ItemKey {
    return { pk: this.uploads, sk: upload.id };
  }

  part(upload: Upload, index: number): ItemKey {
    return { pk: `${this.#prefix}#part#${upload.id}#${index}`, sk: "part" };
  }
}

/** How many bytes a head stands for. */
export function sizeOf(head: Head): number {
  return head.kind === "inline" ? head.content.length : head.sizeBytes;
}

export function headItem({ pk, sk }: ItemKey, head: Head): Item {
  const common = { pk: { S: pk }, sk: { S: sk }, sizeBytes: { N: String(sizeOf(head)) } };
  if (head.kind === "inline") return { ...common, content: { B: head.content } };
  return {
    ...common,
    uploadId: { S: head.upload.id },
    partCount: { N: String(head.upload.partCount) },
    partBytes: { N: String(head.partBytes) },
  };
}

/** @throws SpotproofError `record-damaged` */
export function readHead(item: Item, place: string): Head {
  const sizeBytes = wholeNumber(item, "sizeBytes");
  const uploadId = item["uploadId"]?.S;
  if (uploadId === undefined) {
    const content = item["content"]?.B;
    if (content !== undefined && content.length === sizeBytes) return { kind: "inline", content };
  } else {
    const partCount = wholeNumber(item, "partCount");
    const partBytes = wholeNumber(item, "partBytes");
    if (sizeBytes !== undefined && partBytes !== undefined && partCount === Math.ceil(sizeBytes / partBytes))
      return { kind: "parts", sizeBytes, upload: { id: uploadId, partCount }, partBytes };
  }
  throw new SpotproofError("record-damaged", `${place} holds an item that no Spotproof wrote so.`);
}

/** @throws SpotproofError `record-damaged` */
export function readListed(
  item: Item,
  place: string,
): { readonly key: StoreKey; readonly sizeBytes: number } {
  const key = item["sk"]?.S;
  const sizeBytes = wholeNumber(item, "sizeBytes");
  if (key !== undefined && sizeBytes !== undefined) return { key, sizeBytes };
  throw new SpotproofError("record-damaged", `${place} holds an object "${key ?? "?"}" without a size.`);
}

export function recordItem(
  { pk, sk }: ItemKey,
  record: UploadRecord,
  state: "under way" | "abandoned",
): Item {
  return {
    pk: { S: pk },
    sk: { S: sk },
    key: { S: record.key },
    partCount: { N: String(record.upload.partCount) },
    ...(record.startedAtMs === undefined ? {} : { startedAtMs: { N: String(record.startedAtMs) } }),
    ...(state === "abandoned" ? { abandoned: { BOOL: true } } : {}),
  };
}

/** Undefined for an item that is no such record: nothing is removed on its word. */
export function readRecord(item: Item): UploadRecord | undefined {
  const id = item["sk"]?.S;
  const key = item["key"]?.S;
  const partCount = wholeNumber(item, "partCount");
  if (id === undefined || key === undefined || partCount === undefined) return undefined;
  return { upload: { id, partCount }, key, startedAtMs: wholeNumber(item, "startedAtMs") };
}

function wholeNumber(item: Item, name: string): number | undefined {
  const value = Number(item[name]?.N ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

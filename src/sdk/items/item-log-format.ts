import { SpotproofError } from "../../base/index.ts";

// The numbers of docs/item-log.md.

export const FORMAT_VERSION = 1;
/** What the header record says before its version. */
export const HEADER_TEXT = "spotproof items";

/** The kinds of records: the lower four bits of a record's first byte. */
export const Kind = { header: 0, done: 1, failed: 2, position: 3 } as const;

/** What the items of a list are known by. */
export type Identity = "index" | "key";
export const IDENTITIES: readonly Identity[] = ["index", "key"];

/** No index and no offset is larger: so every one is exact, and a table can hold it. */
export const MOST_ITEMS = 2 ** 30;

export function damagedLog(detail: string): SpotproofError {
  return new SpotproofError("record-damaged", `The record of a list of items: ${detail}`);
}

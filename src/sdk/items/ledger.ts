import { SpotproofError } from "../../base/index.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { KeyTable } from "./key-table.ts";
import { type Identity, Kind, MOST_ITEMS } from "./item-log-format.ts";
import type { ItemRecords } from "./item-log-reader.ts";
import type { RecordedItem } from "./item-log-writer.ts";

// Which items are handled already. A few bytes for each item, never an object.

/** What is to be done with an item of the source: work, or why not. */
export type Admission =
  | { readonly kind: "open"; readonly item: RecordedItem }
  | { readonly kind: "handled" }
  | { readonly kind: "repeated"; readonly key: string };

/** What is known of the items of one list. */
export interface Ledger<Item> {
  readonly identity: Identity;
  /** Items that earlier lives have handled. */
  readonly handled: number;
  /** Takes in a record of an earlier life. */
  restore(record: ItemRecords): void;
  /** @throws SpotproofError `items-changed` when the item is not the one that was handled at this place */
  admit(item: Item, index: number): Admission;
  /** The source has so many items and no more. @throws SpotproofError `items-changed` when it had more of them before */
  sourceEnded(count: number): void;
}

const HANDLED: Admission = { kind: "handled" };

/** Items that are known by their place in the source. */
export class IndexLedger<Item> implements Ledger<Item> {
  readonly identity = "index";
  readonly #keepsFailures: boolean;
  readonly #name: string;
  /** For each index the fingerprint of the item that was handled; 0 when none was. */
  #marks = new Uint32Array(1024);
  #handled = 0;
  #places = 0;
  readonly #positions: { readonly index: number; readonly offset: number }[] = [];

  constructor(name: string, keepsFailures: boolean) {
    this.#name = name;
    this.#keepsFailures = keepsFailures;
  }

  get handled(): number {
    return this.#handled;
  }

  restore(record: ItemRecords): void {
    const { index, offset } = record;
    if (record.kind === Kind.position) {
      this.#positions.push({ index, offset });
      return;
    }
    if (index >= this.#places) this.#places = index + 1;
    if (record.kind === Kind.failed && !this.#keepsFailures) return;
    if (index >= this.#marks.length) this.#grow(index);
    if (this.#marks[index] === 0) this.#handled += 1;
    this.#marks[index] = record.fingerprint;
  }

  admit(item: Item, index: number): Admission {
    if (index >= MOST_ITEMS) throw new SpotproofError("bad-usage", `A list has at most ${MOST_ITEMS} items.`);
    const fingerprint = fingerprintOf(item);
    const before = this.#marks[index] ?? 0;
    if (before === fingerprint) return HANDLED;
    if (before === 0) return { kind: "open", item: { index, fingerprint, key: "" } };
    throw this.changed(`item ${index} is now ${shown(item)}, and another item was handled at this place`);
  }

  sourceEnded(count: number): void {
    if (count >= this.#places) return;
    throw this.changed(`it ends after ${count} items, and item ${this.#places - 1} was handled before`);
  }

  /** Where each noted item begins, of those up to the first that is not handled yet, in the order of the source. */
  positions(): readonly { readonly index: number; readonly offset: number }[] {
    let firstOpen = 0;
    while ((this.#marks[firstOpen] ?? 0) !== 0) firstOpen += 1;
    const known = this.#positions.filter(({ index }) => index <= firstOpen);
    return known.sort((a, b) => a.index - b.index);
  }

  /** The highest index whose position is noted, or -1. */
  lastPosition(): number {
    return this.#positions.reduce((highest, { index }) => Math.max(highest, index), -1);
  }

  /** Whether an item may be the one that was handled at this place, for a look at a few of them. */
  isUnchanged(item: Item, index: number): boolean {
    const before = this.#marks[index] ?? 0;
    return before === 0 || before === fingerprintOf(item);
  }

  changed(what: string): SpotproofError {
    return new SpotproofError("items-changed", `List "${this.#name}": ${what}.`);
  }

  #grow(index: number): void {
    const larger = new Uint32Array(2 ** Math.ceil(Math.log2(index + 1) + 0.5));
    larger.set(this.#marks);
    this.#marks = larger;
  }
}

/** What the table says of a key: handled in an earlier life, or met in the source in this one. */
const HANDLED_BEFORE = 1;
const MET = 2;

/** Items that are known by a key, whatever their place. */
export class KeyLedger<Item> implements Ledger<Item> {
  readonly identity = "key";
  readonly #keyOf: (item: Item) => string;
  readonly #keepsFailures: boolean;
  readonly #keys = new KeyTable();

  constructor(keyOf: (item: Item) => string, keepsFailures: boolean) {
    this.#keyOf = keyOf;
    this.#keepsFailures = keepsFailures;
  }

  /** As it was when the log had been read: only then it is asked. */
  get handled(): number {
    return this.#keys.size;
  }

  restore(record: ItemRecords): void {
    const counts = record.kind === Kind.done || (record.kind === Kind.failed && this.#keepsFailures);
    if (counts) record.setKeyIn(this.#keys, HANDLED_BEFORE);
  }

  admit(item: Item, index: number): Admission {
    const key = this.#keyOf(item);
    refuseBadKey(key, `The key of item ${index}`);
    const before = this.#keys.set(key, MET);
    if (before === MET) return { kind: "repeated", key };
    return before === 0 ? { kind: "open", item: { index, fingerprint: 0, key } } : HANDLED;
  }

  sourceEnded(): void {
    // Whatever is missing in the source may come another time.
  }
}

/** @throws SpotproofError `bad-usage` when the value cannot be a key: another type, too long, half a character */
export function refuseBadKey(key: unknown, what: string): asserts key is string {
  if (typeof key !== "string") {
    throw new SpotproofError(
      "bad-usage",
      `${what} is not a string but ${shown(key)}. Make it one, such as \`String(id)\`.`,
    );
  }
  if (key.length > 10_000) {
    throw new SpotproofError(
      "bad-usage",
      `${what} has ${key.length} characters; 10000 is the most. A hash may stand for it.`,
    );
  }
  // Two such keys would be the same bytes.
  if (/\p{Surrogate}/u.test(key)) {
    throw new SpotproofError("bad-usage", `${what} has half of a surrogate pair in it: ${shown(key)}.`);
  }
}

/** For people: the beginning of any value. */
export function shown(value: unknown): string {
  const text = typeof value === "object" && value !== null ? textOfObject(value) : textOfPrimitive(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function textOfPrimitive(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : String(value);
}

function textOfObject(value: object): string {
  try {
    return JSON.stringify(value) ?? "an object";
  } catch (error) {
    return `an object (${error instanceof Error ? error.name : "no JSON"})`;
  }
}

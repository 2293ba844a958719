import { SpotproofError, reasonOf } from "../../base/index.ts";
import type { RecordedItem } from "./item-log-writer.ts";
import type { ItemError } from "./items.ts";

/** So many failed items are named in the error that `forEach` rejects with; the record has all of them. */
const NAMED = 5;
const LONGEST_WORDS = 300;

/** An error as it goes into the record. */
export function itemErrorOf(error: unknown): ItemError {
  // What a program throws may have anything for its name and its words.
  const name: unknown = error instanceof Error ? error.name : undefined;
  const message: unknown = reasonOf(error);
  return {
    name: typeof name === "string" ? name : "Error",
    message: typeof message === "string" ? message : "",
  };
}

/** Items of one list that failed for good. */
export class Failures {
  #count = 0;
  #cause: unknown;
  readonly #named: string[] = [];

  get count(): number {
    return this.#count;
  }

  add({ index, key }: RecordedItem, error: unknown): void {
    this.#count += 1;
    if (this.#count === 1) this.#cause = error;
    if (this.#named.length >= NAMED) return;
    const { name, message } = itemErrorOf(error);
    const words = `${name}: ${message}`.slice(0, LONGEST_WORDS);
    this.#named.push(`Item ${index}${key === "" ? "" : ` (${JSON.stringify(key)})`}: ${words}`);
  }

  /** What `forEach` rejects with. Its cause is the first item's error. */
  toError(list: string, total: number): SpotproofError {
    const more = this.#count > NAMED ? `; and ${this.#count - NAMED} more` : "";
    const detail = `List "${list}": ${this.#count} of ${total}. ${this.#named.join("; ")}${more}.`;
    return new SpotproofError("items-failed", detail, { cause: this.#cause });
  }
}

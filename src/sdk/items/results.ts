import { readItemLog } from "./item-log-reader.ts";
import { Kind } from "./item-log-format.ts";
import type { ItemRecords } from "./item-log-reader.ts";
import { listName, logNameOf } from "./item-settings.ts";
import type { ItemsHost, RecordLog } from "./items-host.ts";
import type { ItemOutcome } from "./items.ts";
import { KeyTable } from "./key-table.ts";

/**
 * What became of the items of a list: each item that is durable in the record, once, with its last outcome; in the order in which
 * they ended. The record is streamed: neither results nor items are gathered in memory. Results are taken to be what the caller
 * says they are.
 * @throws SpotproofError `bad-usage` for an impossible name, `record-damaged`, `store-newer`
 */
export async function* results<Result>(
  host: Pick<ItemsHost, "readLog">,
  name?: string,
): AsyncGenerator<ItemOutcome<Result>, void, undefined> {
  const log = host.readLog(logNameOf(listName(name)));
  if (log === undefined) return;
  const failures = await FailedItems.of(log);
  for await (const records of readItemLog(log, failures.readBytes)) {
    while (records.next()) {
      const { kind, index } = records;
      if (kind === Kind.done)
        yield { kind: "done", index, key: records.key(), result: records.result() as Result };
      else if (kind === Kind.failed && failures.isLast(records)) {
        yield { kind: "failed", index, key: records.key(), error: records.error(), tries: records.tries };
      }
    }
  }
}

/** Stands for "done" where the number of a failed record would stand. */
const DONE = 2 ** 32 - 1;

/** Items that have failed in some life: a later one may have had another outcome. */
class FailedItems {
  readBytes = 0;
  /** For each of them the number of its last failed record, or that it was done after all. */
  readonly #last = new KeyTable();
  #count = 0;
  #passed = 0;

  static async of(log: RecordLog): Promise<FailedItems> {
    const found = new FailedItems();
    for await (const records of readItemLog(log)) {
      found.readBytes += records.bytes;
      while (records.next()) found.#note(records);
    }
    return found;
  }

  /** Whether nothing came after this failed record of its item. To be asked for each of them, in their order. */
  isLast(record: ItemRecords): boolean {
    this.#passed += 1;
    return this.#last.get(record.key()) === this.#passed;
  }

  #note(record: ItemRecords): void {
    if (record.kind === Kind.failed) {
      this.#count += 1;
      this.#last.set(record.key(), this.#count);
    } else if (record.kind === Kind.done && this.#count > 0) {
      const key = record.key();
      if (this.#last.get(key) !== 0) this.#last.set(key, DONE);
    }
  }
}

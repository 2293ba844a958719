import { SpotproofError } from "../../base/index.ts";
import { requireFunction } from "../arguments.ts";
import { AsyncIterableFeed, type Feed, IterableFeed } from "./feed.ts";
import { readItemLog } from "./item-log-reader.ts";
import { ItemRun } from "./item-run.ts";
import { type ItemSettings, logNameOf, settingsFrom } from "./item-settings.ts";
import type { ItemsHost, RecordLog } from "./items-host.ts";
import type { ForEachOptions, ItemSource, ItemWork, ItemsSummary } from "./items.ts";
import { IndexLedger, KeyLedger, type Ledger, shown } from "./ledger.ts";
import { LineReader, Lines } from "./lines.ts";
import { openLinesWhereOpen } from "./resume-lines.ts";

/**
 * Does `work` for each item of the source and keeps what became of it: exactly once in the record, over all lives of the job.
 * What is recorded is not done again. The work itself is done at least once: an attempt that ends without notice has to repeat
 * what it did since the last commit, and side effects should carry `context.idempotencyKey`.
 *
 * Resolves when all items are handled and that is durable. While the job's record goes with the checkpoint of a step, it is
 * durable with that.
 *
 * A try that has timed out, or that was given up because the machine is left, may still run: its result is dropped.
 * @throws SpotproofError `items-failed` when items failed for good, `items-changed` when the source is not the one of the earlier
 *   lives, `items-unreadable` when a file of lines cannot be read, `bad-usage`, `fenced-out`; what the source throws;
 *   `host.leave.signal.reason` when the job is to leave before the list is complete
 */
export async function forEach<Item, Result>(
  host: ItemsHost,
  source: ItemSource<Item>,
  options: ForEachOptions<Item>,
  work: ItemWork<Item, Result>,
): Promise<ItemsSummary> {
  requireFunction("The work of forEach, its third argument,", work, "async (item) => { … }");
  const settings = settingsFrom(options);
  refuseNoSource(source);
  host.leave.signal.throwIfAborted();
  const log = host.openLog(logNameOf(settings.name));
  const { name, key, keepsFailures } = settings;
  if (source instanceof Lines && key === undefined) {
    // Lines are texts, and so `Item` is string.
    return forEachLine(
      host,
      source,
      settings as unknown as ItemSettings<string>,
      log,
      work as unknown as ItemWork<string, Result>,
    );
  }
  const ledger =
    key === undefined ? new IndexLedger<Item>(name, keepsFailures) : new KeyLedger(key, keepsFailures);
  await restore(host, settings, log, ledger);
  const feed =
    source instanceof Lines
      ? ((await LineReader.open(source.path)) as unknown as Feed<Item>)
      : feedOf(source);
  return new ItemRun(host, settings, { log, ledger, feed, skipped: 0, positionsFrom: 0 }, work).run();
}

async function forEachLine<Result>(
  host: ItemsHost,
  { path }: Lines,
  settings: ItemSettings<string>,
  log: RecordLog,
  work: ItemWork<string, Result>,
): Promise<ItemsSummary> {
  const ledger = new IndexLedger<string>(settings.name, settings.keepsFailures);
  await restore(host, settings, log, ledger);
  const feed = await openLinesWhereOpen(path, ledger);
  const parts = { log, ledger, feed, skipped: feed.index + 1, positionsFrom: ledger.lastPosition() + 1 };
  return new ItemRun(host, settings, parts, work).run();
}

async function restore<Item>(
  host: ItemsHost,
  { name }: ItemSettings<Item>,
  log: RecordLog,
  ledger: Ledger<Item>,
): Promise<void> {
  if (log.restoredBytes === 0) return;
  for await (const records of readItemLog(log)) {
    host.leave.signal.throwIfAborted();
    if (records.identity !== ledger.identity) throw otherIdentity(name, ledger);
    while (records.next()) ledger.restore(records);
  }
  host.tell("info", "items-resumed", `List "${name}": ${ledger.handled} items were handled before.`);
}

function otherIdentity<Item>(name: string, { identity }: Ledger<Item>): SpotproofError {
  const [before, now] = identity === "key" ? ["no `key`", "one"] : ["a `key`", "none"];
  return new SpotproofError(
    "items-changed",
    `List "${name}": the earlier attempts had ${before}, and now there is ${now}.`,
  );
}

function feedOf<Item>(source: Iterable<Item> | AsyncIterable<Item>): Feed<Item> {
  return Symbol.asyncIterator in source ? new AsyncIterableFeed(source) : new IterableFeed(source);
}

/** From JavaScript anything may come. */
function refuseNoSource(source: unknown): void {
  const isSource =
    typeof source === "object" &&
    source !== null &&
    (Symbol.asyncIterator in source || Symbol.iterator in source);
  if (isSource) return;
  const advice =
    typeof source === "string"
      ? "For the lines of a file: linesOf(path)."
      : "It must be an array or iterable.";
  throw new SpotproofError("bad-usage", `forEach: ${shown(source)} is no source of items. ${advice}`);
}

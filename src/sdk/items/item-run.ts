import { backoffMs, reasonOf } from "../../base/index.ts";
import type { Feed } from "./feed.ts";
import { Failures, itemErrorOf } from "./failures.ts";
import { GroupCommit, isFencedOut } from "./group-commit.ts";
import { ItemLogWriter, type RecordedItem } from "./item-log-writer.ts";
import type { ItemSettings } from "./item-settings.ts";
import { TriesUnderWay, type TryEnd } from "./item-try.ts";
import type { ItemsHost, RecordLog } from "./items-host.ts";
import type { ItemWork, ItemsSummary } from "./items.ts";
import { type EncodedValue, encodeValue } from "./kept-value.ts";
import type { Ledger } from "./ledger.ts";
import { ItemPace } from "./item-pace.ts";

/** What a run works on. */
export interface ItemRunParts<Item> {
  readonly log: RecordLog;
  readonly feed: Feed<Item>;
  readonly ledger: Ledger<Item>;
  /** Items before the feed's first one; earlier lives have handled them. */
  readonly skipped: number;
  /** Positions of lines are noted from this index on. */
  readonly positionsFrom: number;
}

/** Between two noted positions of a file of lines lie at least so many bytes. */
const POSITION_EVERY_BYTES = 256 * 1024;
/** How long a source may take to let go. */
const CLOSE_LIMIT_MS = 5_000;

/**
 * One life's way through a list. A single loop takes items from the source and begins their work; as many as `concurrency`
 * says are followed to their end.
 */
export class ItemRun<Item, Result> {
  readonly #host: ItemsHost;
  readonly #settings: ItemSettings<Item>;
  readonly #parts: ItemRunParts<Item>;
  readonly #work: ItemWork<Item, Result>;
  readonly #list: string;
  readonly #tries: TriesUnderWay;
  readonly #commits: GroupCommit;
  readonly #writer: ItemLogWriter;
  readonly #pace: ItemPace;
  readonly #failures = new Failures();
  #done = 0;
  #skipped: number;
  #underWay = 0;
  #givenUp = 0;
  #sourceHasEnded = false;
  #toldOfRepeated = false;
  #nextPosition = 0;
  /** What the source failed with, or went wrong otherwise; no new item begins. */
  #broken: Reason | undefined;
  /** Why the record cannot be written any more, or must not. */
  #recordFailure: Reason | undefined;
  #wake: () => void = () => undefined;

  constructor(
    host: ItemsHost,
    settings: ItemSettings<Item>,
    parts: ItemRunParts<Item>,
    work: ItemWork<Item, Result>,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#parts = parts;
    this.#work = work;
    this.#list = `${host.jobName}\0${settings.name}`;
    this.#skipped = parts.skipped;
    this.#tries = new TriesUnderWay(host.clock, settings.timeoutMs);
    this.#commits = new GroupCommit(host, settings.commits, (error) => this.#recordHasFailed(error));
    this.#writer = new ItemLogWriter(parts.log, parts.ledger.identity, (bytes) =>
      this.#commits.appended(bytes),
    );
    this.#pace = new ItemPace(host, settings.total ?? parts.feed.total);
  }

  async run(): Promise<ItemsSummary> {
    const { signal, timeUp } = this.#host.leave;
    const leave = (): void => this.#leave();
    const giveUp = (): void => this.#tries.giveUp(timeUp.reason);
    signal.addEventListener("abort", leave);
    timeUp.addEventListener("abort", giveUp);
    try {
      if (signal.aborted) this.#leave();
      await this.#dispatch().catch((error: unknown) => this.#break(error));
      if (timeUp.aborted) giveUp();
      while (this.#underWay > 0) await this.#woken();
      await this.#closeSource();
      return await this.#conclude();
    } finally {
      this.#commits.end();
      signal.removeEventListener("abort", leave);
      timeUp.removeEventListener("abort", giveUp);
    }
  }

  async #dispatch(): Promise<void> {
    const { feed, ledger } = this.#parts;
    for (;;) {
      if (this.#broken !== undefined || this.#isEnding()) return;
      const pause = this.#pause();
      if (pause !== undefined) {
        await this.#woken(pause);
        continue;
      }
      const got = feed.advance();
      if (got === false) {
        ledger.sourceEnded(feed.index + 1);
        this.#sourceHasEnded = true;
        return;
      }
      if (got === true) this.#begin();
      else await this.#woken(got);
    }
  }

  /** What to wait for before the next item begins. */
  #pause(): Promise<void> | undefined {
    if (this.#underWay >= this.#settings.concurrency) return FOREVER;
    return this.#commits.room() ?? this.#pace.step(this.#skipped + this.#done + this.#failures.count);
  }

  /** Resolves when the promise does, and when something else has happened; rejects when the promise does. */
  #woken(promise: Promise<void> = FOREVER): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#wake = resolve;
      if (promise !== FOREVER) promise.then(resolve, reject);
    });
  }

  #begin(): void {
    const { feed, ledger } = this.#parts;
    const admission = ledger.admit(feed.item, feed.index);
    if (admission.kind === "handled") {
      this.#skipped += 1;
      return;
    }
    if (admission.kind === "repeated") {
      this.#tellOfRepeated(admission.key);
      return;
    }
    this.#notePosition();
    const { item } = feed;
    const { item: recorded } = admission;
    const end = this.#try(item, recorded, feed.offset, 1);
    if (!(end instanceof Promise) && end.kind === "done") {
      this.#recordDone(recorded, end.value, 1);
      return;
    }
    this.#underWay += 1;
    void this.#follow(item, recorded, feed.offset, end)
      .catch((error: unknown) => this.#break(error))
      .then(() => {
        this.#underWay -= 1;
        this.#wake();
      });
  }

  /** Never throws what the work throws. */
  #try(
    item: Item,
    recorded: RecordedItem,
    offset: number | undefined,
    tryNumber: number,
  ): TryEnd | Promise<TryEnd> {
    const { index } = recorded;
    const key = this.#parts.ledger.identity === "index" ? String(index) : recorded.key;
    return this.#tries.begin(item, { index, key, offset, tryNumber, list: this.#list }, this.#work);
  }

  async #follow(
    item: Item,
    recorded: RecordedItem,
    offset: number | undefined,
    first: TryEnd | Promise<TryEnd>,
  ): Promise<void> {
    const { clock, leave, random } = this.#host;
    let end = await first;
    for (let tries = 1; ; tries += 1) {
      if (end.kind === "done") return this.#recordDone(recorded, end.value, tries);
      // A failure while the machine is left may be the leaving itself: the next life tries again.
      if (end.kind === "given-up" || this.#isEnding()) break;
      if (tries > this.#settings.retries) return this.#recordFailed(recorded, end.error, tries);
      await clock.sleep(backoffMs(this.#settings.backoff, tries, random), leave.signal);
      if (this.#isEnding()) break;
      end = await this.#try(item, recorded, offset, tries + 1);
    }
    this.#givenUp += 1;
  }

  #isEnding(): boolean {
    return this.#recordFailure !== undefined || this.#host.leave.signal.aborted;
  }

  #recordDone(item: RecordedItem, result: unknown, tries: number): void {
    if (this.#recordFailure !== undefined) {
      this.#givenUp += 1;
      return;
    }
    let value: EncodedValue;
    try {
      value = encodeValue(result);
    } catch (error) {
      // Another try would have the same kind of result.
      this.#recordFailed(item, error, tries);
      return;
    }
    this.#writer.done(item, value);
    this.#done += 1;
  }

  #recordFailed(item: RecordedItem, error: unknown, tries: number): void {
    this.#writer.failed(item, tries, itemErrorOf(error));
    this.#failures.add(item, error);
  }

  #notePosition(): void {
    const { feed, ledger, positionsFrom } = this.#parts;
    if (feed.offset === undefined || ledger.identity !== "index") return;
    if (this.#nextPosition === 0) this.#nextPosition = feed.offset + POSITION_EVERY_BYTES;
    if (feed.offset < this.#nextPosition || feed.index < positionsFrom) return;
    this.#nextPosition = feed.offset + POSITION_EVERY_BYTES;
    this.#writer.position(feed.index, feed.offset);
  }

  #tellOfRepeated(key: string): void {
    if (this.#toldOfRepeated) return;
    this.#toldOfRepeated = true;
    const text = `List "${this.#settings.name}" has items with the same key, such as ${JSON.stringify(key)}: each key is handled once.`;
    this.#host.tell("warn", "items-repeated", text);
  }

  #leave(): void {
    const { reason } = this.#host.leave.signal;
    if (isFencedOut(reason)) this.#recordHasFailed(reason);
    this.#wake();
  }

  #recordHasFailed(reason: unknown): void {
    this.#recordFailure = { reason };
    this.#commits.end();
    this.#tries.giveUp(reason);
    this.#wake();
  }

  #break(reason: unknown): void {
    this.#broken ??= { reason };
    this.#wake();
  }

  /** A source that was not read to its end is told so; one that does not answer is left alone. */
  async #closeSource(): Promise<void> {
    const { clock, leave } = this.#host;
    const closing = (async () => this.#parts.feed.close())().catch((error: unknown) => {
      this.#host.tell(
        "warn",
        "items-source",
        `The source of list "${this.#settings.name}" did not close: ${reasonOf(error)}`,
      );
    });
    const limit = new AbortController();
    await Promise.race([
      closing.then(() => limit.abort()),
      clock.sleep(CLOSE_LIMIT_MS, AbortSignal.any([limit.signal, leave.timeUp])),
    ]);
  }

  async #conclude(): Promise<ItemsSummary> {
    const isBroken = this.#broken !== undefined || this.#recordFailure !== undefined;
    if (isBroken || !this.#sourceHasEnded || this.#givenUp > 0) throw await this.#whyIncomplete();
    await this.#commits.finish();
    const [done, failed, skipped] = [this.#done, this.#failures.count, this.#skipped];
    const total = done + failed + skipped;
    this.#host.progress(total, Math.max(total, this.#settings.total ?? total), "items");
    if (failed > 0 && !this.#settings.keepsFailures) throw this.#failures.toError(this.#settings.name, total);
    return { done, failed, skipped, total };
  }

  /** Commits what there is. A later claim goes before the leaving, and that before everything else. */
  async #whyIncomplete(): Promise<unknown> {
    const { signal } = this.#host.leave;
    const failure = this.#recordFailure ?? (await this.#commitRest());
    const other = signal.aborted ? { reason: signal.reason as unknown } : this.#broken;
    if (failure === undefined || isFencedOut(failure.reason)) return (failure ?? other)?.reason;
    if (other === undefined) return failure.reason;
    const text = `The last results of list "${this.#settings.name}" are not committed: ${reasonOf(failure.reason)}`;
    this.#host.tell("warn", "items-not-committed", text);
    return other.reason;
  }

  /** A commit that is under way is not waited for when the machine is left and somebody else saves after the program's end. */
  async #isHandedOver(): Promise<boolean> {
    const { leave, commitsFreely, handOver } = this.#host;
    if (!leave.signal.aborted || !commitsFreely || handOver === undefined) return false;
    this.#commits.end();
    return handOver();
  }

  async #commitRest(): Promise<Reason | undefined> {
    try {
      if (!(await this.#isHandedOver())) await this.#commits.finish();
      return undefined;
    } catch (reason) {
      return { reason };
    }
  }
}

/** Anything may be thrown, `undefined` too. */
interface Reason {
  readonly reason: unknown;
}

/** Stands for a promise that nobody keeps: only something else can wake who waits. */
const FOREVER: Promise<void> = new Promise(() => undefined);

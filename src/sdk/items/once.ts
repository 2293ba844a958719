import { SpotproofError } from "../../base/index.ts";
import { requireFunction } from "../arguments.ts";
import { isFencedOut } from "./group-commit.ts";
import { Kind } from "./item-log-format.ts";
import { readItemLog } from "./item-log-reader.ts";
import { ItemLogWriter } from "./item-log-writer.ts";
import { TriesUnderWay, type TryEnd } from "./item-try.ts";
import type { ItemsHost } from "./items-host.ts";
import type { ItemContext } from "./items.ts";
import { Encoding, type EncodedValue, decodeValue, encodeValue } from "./kept-value.ts";
import { refuseBadKey } from "./ledger.ts";

/** What the work of a durable step is told. */
export type OnceContext = Pick<ItemContext, "key" | "idempotencyKey" | "signal">;

/** The name of the log that durable steps are recorded in. No list can have it: theirs begin with `items-`. */
const LOG_NAME = "once";

/**
 * The durable steps of a job: work that is done once, whose result is there in every later life. Results stay in memory: for
 * results by the thousand there is `forEach`.
 */
export class DurableSteps {
  readonly #host: ItemsHost;
  readonly #tries: TriesUnderWay;
  readonly #kept = new Map<string, KeptValue>();
  /** Steps that are under way; whoever asks for one of them waits for it too. */
  readonly #running = new Map<string, Promise<KeptValue>>();
  #opened: Promise<ItemLogWriter> | undefined;
  #count = 0;

  constructor(host: ItemsHost) {
    this.#host = host;
    this.#tries = new TriesUnderWay(host.clock, undefined);
    const { signal, timeUp } = host.leave;
    signal.addEventListener("abort", () => {
      if (isFencedOut(signal.reason)) this.#tries.giveUp(signal.reason);
    });
    timeUp.addEventListener("abort", () => this.#tries.giveUp(timeUp.reason));
  }

  /**
   * Does the work, unless a life of the job has done it: then gives its result. Resolves when the result is durable (while the
   * job's record goes with the checkpoint of a step: when it is on its way with that). Each call gets a copy of its own, as
   * `structuredClone` makes it. A step that fails is not recorded: the next call does it again.
   * @throws what the work throws; SpotproofError `bad-usage` for an impossible key or a result that cannot be kept, `fenced-out`;
   *   `host.leave.signal.reason` when the job is to leave and the step is not done yet
   */
  async once<Result>(key: string, work: (context: OnceContext) => Promise<Result> | Result): Promise<Result> {
    refuseBadKey(key, "The key of a durable step");
    requireFunction("The work of once, its second argument,", work, "() => send(mail)");
    let running = this.#running.get(key);
    if (running === undefined) {
      running = this.#do(key, work).finally(() => this.#running.delete(key));
      this.#running.set(key, running);
    }
    const { encoding, bytes } = await running;
    return decodeValue(encoding, bytes) as Result;
  }

  async #do(key: string, work: (context: OnceContext) => unknown): Promise<KeptValue> {
    const { leave, jobName } = this.#host;
    this.#opened ??= this.#open();
    const writer = await this.#opened;
    const before = this.#kept.get(key);
    if (before !== undefined) return before;
    leave.signal.throwIfAborted();
    const of = {
      index: this.#count,
      key,
      offset: undefined,
      tryNumber: 1,
      list: `${jobName}\0\0${LOG_NAME}`,
    };
    const end = this.#tries.begin(undefined, of, (_, context) => work(context));
    // Begun before the time was over, and not ended then.
    if (end instanceof Promise && leave.timeUp.aborted) this.#tries.giveUp(leave.timeUp.reason);
    return this.#keep(writer, key, await end);
  }

  async #keep(writer: ItemLogWriter, key: string, end: TryEnd): Promise<KeptValue> {
    const { leave } = this.#host;
    if (end.kind === "failed") throw end.error;
    if (end.kind === "given-up" || isFencedOut(leave.signal.reason))
      throw leave.signal.reason ?? leave.timeUp.reason;
    const value = encodeOrRefuse(key, end.value);
    writer.done({ index: this.#count, fingerprint: 0, key }, value);
    this.#count += 1;
    if (this.#host.commitsFreely) await this.#host.commit();
    const kept = keptFrom(value);
    this.#kept.set(key, kept);
    return kept;
  }

  async #open(): Promise<ItemLogWriter> {
    const log = this.#host.openLog(LOG_NAME);
    if (log.restoredBytes > 0) {
      for await (const records of readItemLog(log)) {
        while (records.next()) {
          if (records.kind === Kind.done) this.#kept.set(records.key(), records.encodedResult());
          this.#count = Math.max(this.#count, records.index + 1);
        }
      }
    }
    return new ItemLogWriter(log, "key", () => undefined);
  }
}

/** A result as bytes: nobody can change what others get. */
interface KeptValue {
  readonly encoding: number;
  readonly bytes: Buffer;
}

function keptFrom(value: EncodedValue): KeptValue {
  const { encoding } = value;
  if (encoding === Encoding.undefined) return { encoding, bytes: Buffer.alloc(0) };
  return { encoding, bytes: encoding === Encoding.json ? Buffer.from(value.text) : Buffer.from(value.bytes) };
}

function encodeOrRefuse(key: string, value: unknown): EncodedValue {
  try {
    return encodeValue(value);
  } catch (error) {
    const detail = `The result of the durable step ${JSON.stringify(key)} cannot be kept: it must be what structuredClone takes.`;
    throw new SpotproofError("bad-usage", detail, { cause: error });
  }
}

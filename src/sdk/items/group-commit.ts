import { SpotproofError, type Timer } from "../../base/index.ts";
import type { ItemsHost } from "./items-host.ts";

/** When what was appended is committed. */
export interface CommitPlan {
  readonly everyMs: number;
  readonly everyBytes: number;
  /** With so much not yet durable there is no room for more. */
  readonly mostBytes: number;
}

/** Commits what was appended, much at a time: one commit is under way, and all that comes meanwhile shares the next. */
export class GroupCommit {
  readonly #host: ItemsHost;
  readonly #plan: CommitPlan;
  readonly #onFailure: (error: unknown) => void;
  /** Bytes that no commit has begun with, and bytes in the one that is under way. */
  #waitingBytes = 0;
  #bytesUnderWay = 0;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  /** The time of the oldest waiting byte is over. */
  #isDue = false;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;

  /** `onFailure` is told of a commit that failed; there is none after it. */
  constructor(host: ItemsHost, plan: CommitPlan, onFailure: (error: unknown) => void) {
    this.#host = host;
    this.#plan = plan;
    this.#onFailure = onFailure;
  }

  /** So many bytes were appended. */
  appended(bytes: number): void {
    this.#waitingBytes += bytes;
    if (this.#waitingBytes >= this.#plan.everyBytes) this.#begin();
    else this.#timer ??= this.#host.clock.after(this.#plan.everyMs, () => this.#timeHasCome());
  }

  /** Undefined when there is room for more; otherwise resolves when it is worth asking again. Never rejects. */
  room(): Promise<void> | undefined {
    if (this.#waitingBytes + this.#bytesUnderWay < this.#plan.mostBytes) return undefined;
    this.#begin();
    return this.#running;
  }

  /**
   * Resolves when everything is durable, or at once while the record goes with the step's own checkpoint.
   * Rejects with what the commit failed with.
   */
  async finish(): Promise<void> {
    this.end();
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#waitingBytes === 0 || !this.#host.commitsFreely) return;
    this.#waitingBytes = 0;
    await this.#host.commit();
  }

  /** Begins no commit any more. */
  end(): void {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #timeHasCome(): void {
    this.#timer = undefined;
    this.#isDue = true;
    this.#begin();
  }

  #begin(): void {
    if (this.#running !== undefined || this.#isOver || !this.#host.commitsFreely) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#isDue = false;
    this.#bytesUnderWay = this.#waitingBytes;
    this.#waitingBytes = 0;
    this.#running = this.#commit();
  }

  async #commit(): Promise<void> {
    try {
      await this.#host.commit();
      this.#bytesUnderWay = 0;
    } catch (error) {
      this.#failure = { error };
      this.end();
      this.#onFailure(error);
    }
    this.#running = undefined;
    if (this.#isDue || this.#waitingBytes >= this.#plan.everyBytes) this.#begin();
  }
}

/** Whether an error says that a later attempt owns the job: then nothing more is recorded. */
export function isFencedOut(error: unknown): boolean {
  return error instanceof SpotproofError && error.code === "fenced-out";
}

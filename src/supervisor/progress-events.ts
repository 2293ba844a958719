import type { Clock, MonotonicMs, Timer } from "../base/index.ts";
import type { SupervisorEvent } from "./events.ts";

type ProgressEvent = Extract<SupervisorEvent, { kind: "progress" }>;

/** Between two events of progress, in ms: a job that reports a thousand times a second must not fill a log. */
const PROGRESS_EVENT_MS = 50;

/** Hands events on; of reports of progress that come quickly only the latest, and that one before any other event. */
export class ProgressEvents {
  readonly #clock: Clock;
  readonly #onEvent: (event: SupervisorEvent) => void;
  #toldAtMs: MonotonicMs | undefined;
  #waiting: ProgressEvent | undefined;
  #timer: Timer | undefined;

  constructor(clock: Clock, onEvent: (event: SupervisorEvent) => void) {
    this.#clock = clock;
    this.#onEvent = onEvent;
  }

  readonly tell = (event: SupervisorEvent): void => {
    if (event.kind !== "progress") {
      this.flush();
      return this.#onEvent(event);
    }
    this.#waiting = event;
    const waitMs = (this.#toldAtMs ?? Number.NEGATIVE_INFINITY) + PROGRESS_EVENT_MS - this.#clock.now();
    if (waitMs <= 0) this.flush();
    else this.#timer ??= this.#clock.after(waitMs, () => this.flush());
  };

  /** Tells what waits, if anything does: the last report is never lost. */
  flush(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const event = this.#waiting;
    if (event === undefined) return;
    this.#waiting = undefined;
    this.#toldAtMs = this.#clock.now();
    this.#onEvent(event);
  }
}

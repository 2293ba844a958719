import type { Clock } from "../../base/index.ts";
import { eventDate, isoSeconds, type MockScheduledEvent, scheduledEventsBody } from "./metadata-items.ts";

/** A Spot interruption as the mock announces it. */
export interface MockInterruption {
  readonly action: "terminate" | "stop" | "hibernate";
  /** From the announcement to the moment that it names, in ms. EC2 gives 120,000. */
  readonly leadMs: number;
}

/** Maintenance to announce. */
export interface MockMaintenance {
  readonly code: string;
  /** From now to `NotBefore`, in ms. */
  readonly inMs: number;
  /** From `NotBefore` to `NotAfter`, in ms. Default two hours. */
  readonly durationMs?: number | undefined;
  readonly description?: string | undefined;
}

/** The items that come and go. Their words are made once: a moment that was announced does not slide. */
export class Announcements {
  readonly #clock: Clock;
  readonly #aheadOfMonotonicMs: number;
  readonly #items = new Map<string, string>();
  #events: MockScheduledEvent[] = [];
  #eventsMade = 0;

  /** `clockAheadMs`: how far the service's clock is ahead of ours at the start. */
  constructor(clock: Clock, clockAheadMs: number) {
    this.#clock = clock;
    this.#aheadOfMonotonicMs = clock.wallTime() - clock.now() + clockAheadMs;
    this.#writeEvents();
    this.lifecycle("InService");
  }

  /** The service's own wall clock: it runs evenly, whatever is done to that of this machine. */
  wallTime(): number {
    return this.#clock.now() + this.#aheadOfMonotonicMs;
  }

  /** What is announced, by path below `/latest/`. */
  items(): ReadonlyMap<string, string> {
    return this.#items;
  }

  /** Gives the moment that is announced. */
  interrupt({ action, leadMs }: MockInterruption): string {
    const time = isoSeconds(this.wallTime() + leadMs);
    this.#items.set("meta-data/spot/instance-action", JSON.stringify({ action, time }));
    if (action === "terminate") this.#items.set("meta-data/spot/termination-time", time);
    return time;
  }

  rebalance(): void {
    const noticeTime = isoSeconds(this.wallTime());
    this.#items.set("meta-data/events/recommendations/rebalance", JSON.stringify({ noticeTime }));
  }

  /** Gives the id of the event. */
  schedule({
    code,
    inMs,
    durationMs = 2 * 3_600_000,
    description = "scheduled maintenance",
  }: MockMaintenance): string {
    this.#eventsMade += 1;
    const id = `instance-event-${String(this.#eventsMade).padStart(16, "0")}`;
    const from = this.wallTime() + inMs;
    const notBefore = eventDate(from);
    const notAfter = eventDate(from + durationMs);
    this.#events.push({ id, code, notBefore, notAfter, description, state: "active" });
    this.#writeEvents();
    return id;
  }

  endScheduled(id: string, state: "completed" | "canceled"): void {
    this.#events = this.#events.map((event) => (event.id === id ? { ...event, state } : event));
    this.#writeEvents();
  }

  lifecycle(state: string): void {
    this.#items.set("meta-data/autoscaling/target-lifecycle-state", state);
  }

  /** Sets any item to any words; undefined makes it absent. */
  set(path: string, body: string | undefined): void {
    const key = path.replace(/^\/?(latest\/)?/, "");
    if (body === undefined) this.#items.delete(key);
    else this.#items.set(key, body);
  }

  /** Nothing is announced any more. */
  clear(): void {
    this.#items.clear();
    this.#events = [];
    this.#writeEvents();
    this.lifecycle("InService");
  }

  #writeEvents(): void {
    this.#items.set("meta-data/events/maintenance/scheduled", scheduledEventsBody(this.#events));
  }
}

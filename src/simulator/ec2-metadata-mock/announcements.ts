import type { Clock, MonotonicMs } from "../../base/index.ts";
import { isoSeconds, type ServiceClock } from "../metadata-mock/service-clock.ts";
import type { Announcement } from "../metadata-mock/service-message.ts";

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

interface MaintenanceEvent {
  readonly id: string;
  readonly code: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly description: string;
  readonly state: "active" | "completed" | "canceled";
  /** When it was completed or cancelled. */
  readonly endedAtMs?: MonotonicMs | undefined;
  /** It is in the history alone. */
  readonly isOver: boolean;
}

const INSTANCE_ACTION = "meta-data/spot/instance-action";
const TERMINATION_TIME = "meta-data/spot/termination-time";
const REBALANCE = "meta-data/events/recommendations/rebalance";
const SCHEDULED = "meta-data/events/maintenance/scheduled";
const HISTORY = "meta-data/events/maintenance/history";
const LIFECYCLE = "meta-data/autoscaling/target-lifecycle-state";

/** How long an event that is over is still among the scheduled ones, with its state. EC2 does not say how long. */
const ENDED_SHOWN_MS = 60_000;

/** The items that come and go. Their words are made once: a moment that was announced does not slide. */
export class Announcements {
  readonly #clock: Clock;
  readonly #serviceClock: ServiceClock;
  readonly #isInGroup: boolean;
  /** What is said while nothing is announced. */
  readonly #rest = new Map<string, string>();
  readonly #news = new Map<string, Announcement>();
  #events: MaintenanceEvent[] = [];
  #eventsMade = 0;

  /** `isInGroup`: whether the instance is in an Auto Scaling group. */
  constructor(clock: Clock, serviceClock: ServiceClock, isInGroup: boolean) {
    this.#clock = clock;
    this.#serviceClock = serviceClock;
    this.#isInGroup = isInGroup;
    this.clear();
  }

  /** What is said, by path below `/latest/`. */
  items(): ReadonlyMap<string, string> {
    this.#forgetOldEvents();
    return new Map([...this.#rest, ...[...this.#news].map(([path, { words }]) => [path, words] as const)]);
  }

  /** The announcement at a path below `/latest/`, if there is one. */
  at(path: string): Announcement | undefined {
    return this.#news.get(path);
  }

  /** Everything that is announced. */
  all(): readonly Announcement[] {
    this.#forgetOldEvents();
    return [...this.#news.values()];
  }

  /** What announces the end of the instance. */
  ofTheEnd(): readonly Announcement[] {
    return [INSTANCE_ACTION, TERMINATION_TIME].flatMap((path) => this.#news.get(path) ?? []);
  }

  /** Gives the moment that is announced. */
  interrupt({ action, leadMs }: MockInterruption): string {
    const time = isoSeconds(this.#serviceClock.wallTime() + leadMs);
    this.cancelInterruption();
    this.#announce(INSTANCE_ACTION, JSON.stringify({ action, time }));
    if (action === "terminate") this.#announce(TERMINATION_TIME, time);
    return time;
  }

  /** Says whether there was one. */
  cancelInterruption(): boolean {
    this.#news.delete(TERMINATION_TIME);
    return this.#news.delete(INSTANCE_ACTION);
  }

  rebalance(): void {
    this.#announce(REBALANCE, JSON.stringify({ noticeTime: isoSeconds(this.#serviceClock.wallTime()) }));
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
    const from = this.#serviceClock.wallTime() + inMs;
    const notBefore = eventDate(from);
    const notAfter = eventDate(from + durationMs);
    this.#events.push({ id, code, notBefore, notAfter, description, state: "active", isOver: false });
    this.#writeEvents();
    return id;
  }

  /** Says whether there is such an event. It is in the history from now on, and a while longer among the scheduled ones. */
  endScheduled(id: string, state: "completed" | "canceled"): boolean {
    const isThere = this.#events.some((event) => event.id === id);
    const endedAtMs = this.#clock.now();
    this.#events = this.#events.map((event) => (event.id === id ? { ...event, state, endedAtMs } : event));
    this.#writeEvents();
    return isThere;
  }

  /** Undefined: the item is absent, as while an instance is new or in no group. */
  lifecycle(state: string | undefined): void {
    this.#rest.delete(LIFECYCLE);
    this.#news.delete(LIFECYCLE);
    if (state === "InService") this.#rest.set(LIFECYCLE, state);
    else if (state !== undefined) this.#announce(LIFECYCLE, state);
  }

  /** Sets any item to any words; undefined makes it absent. */
  set(path: string, body: string | undefined): void {
    const key = path.replace(/^\/?(latest\/)?/, "");
    this.#rest.delete(key);
    if (body === undefined) this.#news.delete(key);
    else this.#announce(key, body);
  }

  /** Nothing is announced any more. */
  clear(): void {
    this.#rest.clear();
    this.#news.clear();
    this.#events = [];
    this.#writeEvents();
    this.lifecycle(this.#isInGroup ? "InService" : undefined);
  }

  #announce(path: string, words: string): void {
    this.#news.set(path, { item: path.replace(/^meta-data\//, ""), words });
  }

  #forgetOldEvents(): void {
    const isOld = ({ isOver, endedAtMs }: MaintenanceEvent): boolean =>
      !isOver && endedAtMs !== undefined && this.#clock.now() - endedAtMs >= ENDED_SHOWN_MS;
    if (!this.#events.some(isOld)) return;
    this.#events = this.#events.map((event) => (isOld(event) ? { ...event, isOver: true } : event));
    this.#writeEvents();
  }

  #writeEvents(): void {
    const lists = [
      [SCHEDULED, this.#events.filter(({ isOver }) => !isOver)],
      [HISTORY, this.#events.filter(({ state }) => state !== "active")],
    ] as const;
    for (const [path, events] of lists) {
      this.#news.delete(path);
      this.#rest.set(path, eventsBody([]));
      if (events.length > 0) this.#announce(path, eventsBody(events));
    }
  }
}

/** `21 Jan 2019 09:00:43 GMT`: as scheduled events write a moment. */
function eventDate(wallMs: number): string {
  return new Date(wallMs).toUTCString().replace(/^\w+, 0?/, "");
}

/** The array that the items below `events/maintenance/` answer with. */
function eventsBody(events: readonly MaintenanceEvent[]): string {
  const items = events.map(({ id, code, notBefore, notAfter, description, state }) => ({
    NotBefore: notBefore,
    Code: code,
    Description:
      state === "active"
        ? description
        : `[${state === "completed" ? "Completed" : "Canceled"}] ${description}`,
    EventId: id,
    NotAfter: notAfter,
    State: state,
  }));
  return JSON.stringify(items, null, 2);
}

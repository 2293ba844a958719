import { randomUUID } from "node:crypto";
import { SpotproofError, type Timer } from "../../base/index.ts";
import type { ServiceClock } from "../metadata-mock/service-clock.ts";
import type { Announcement } from "../metadata-mock/service-message.ts";

/** The kinds of events, as Azure calls them. */
export const AZURE_EVENT_TYPES = ["Preempt", "Terminate", "Freeze", "Reboot", "Redeploy"] as const;
/** What an event does to the VMs that it names. */
export type AzureEventType = (typeof AZURE_EVENT_TYPES)[number];

/** An event to announce. */
export interface AzureMockEvent {
  readonly type: AzureEventType;
  /** The names of the VMs that it is about. Default: this VM alone. */
  readonly resources?: readonly string[] | undefined;
  /** From now to `NotBefore`, in ms. 0: it has started already, as after a failure of hardware. */
  readonly leadMs: number;
  /** How long it takes once it has started, in whole seconds; -1 (default): unknown. */
  readonly durationS?: number | undefined;
  readonly description?: string | undefined;
  /** Default `Platform`. */
  readonly source?: "Platform" | "User" | undefined;
}

interface EventState {
  readonly id: string;
  readonly event: AzureMockEvent;
  readonly resources: readonly string[];
  /** HTTP date; empty once it has started. */
  notBefore: string;
  readonly announcement: Announcement;
  timer: Timer | undefined;
}

/** What the events need from their surroundings. */
export interface ScheduledEventsParts {
  readonly serviceClock: ServiceClock;
  readonly later: (ms: number, action: () => void) => Timer;
  /** Told when an event starts or is over. */
  readonly onChange: (what: string) => void;
}

/** After which version a field of an event is there: Microsoft's table of releases. */
const FIELD_SINCE = {
  Description: "2019-04-01",
  EventSource: "2019-08-01",
  DurationInSeconds: "2020-07-01",
} as const;

/** Once it has started, an event of unknown duration is over so long after. Microsoft speaks of ten minutes. */
const UNKNOWN_DURATION_MS = 600_000;

/** The events of a set of VMs: scheduled, started, gone. */
export class ScheduledEvents {
  readonly #parts: ScheduledEventsParts;
  #events: readonly EventState[] = [];
  #incarnation = 1;

  constructor(parts: ScheduledEventsParts) {
    this.#parts = parts;
  }

  /** Gives its id and what it announces. */
  schedule(
    event: AzureMockEvent,
    resources: readonly string[],
  ): { readonly id: string; readonly notBefore: string } {
    const { durationS = -1, leadMs } = event;
    if (!Number.isInteger(durationS) || durationS < -1) {
      throw new SpotproofError("bad-usage", `duration: ${durationS} is no whole number of seconds, nor -1.`);
    }
    const id = randomUUID().toUpperCase();
    const notBefore = new Date(this.#parts.serviceClock.wallTime() + leadMs).toUTCString();
    const announcement = {
      item: `scheduledevents/${id}`,
      words: `${event.type} ${resources.join(",")} ${notBefore}`,
    };
    const state: EventState = { id, event, resources, notBefore, announcement, timer: undefined };
    this.#change([...this.#events, state]);
    if (leadMs <= 0) this.#start(state);
    else state.timer = this.#parts.later(leadMs, () => this.#start(state));
    return { id, notBefore };
  }

  has(id: string): boolean {
    return this.#events.some((state) => state.id === id);
  }

  /** Lets an event start now, for all its VMs. Says whether that changed anything. */
  start(id: string): boolean {
    const state = this.#events.find((one) => one.id === id);
    if (state === undefined || state.notBefore === "") return false;
    this.#start(state);
    return true;
  }

  /** It vanishes. Says whether it was there. */
  remove(id: string): boolean {
    const state = this.#events.find((one) => one.id === id);
    if (state === undefined) return false;
    state.timer?.cancel();
    this.#change(this.#events.filter((one) => one !== state));
    return true;
  }

  clear(): void {
    for (const { timer } of this.#events) timer?.cancel();
    if (this.#events.length > 0) this.#change([]);
  }

  announcements(): readonly Announcement[] {
    return this.#events.map(({ announcement }) => announcement);
  }

  announcementOf(id: string | undefined): readonly Announcement[] {
    return this.#events.flatMap((state) => (state.id === id ? state.announcement : []));
  }

  /** The document of one api version. */
  document(version: string): string {
    const events = this.#events.map(({ id, event, resources, notBefore }) => {
      const later = {
        Description: event.description ?? "",
        EventSource: event.source ?? "Platform",
        DurationInSeconds: event.durationS ?? -1,
      };
      const known = Object.entries(later).filter(
        ([name]) => version >= FIELD_SINCE[name as keyof typeof later],
      );
      return {
        EventId: id,
        EventStatus: notBefore === "" ? "Started" : "Scheduled",
        EventType: event.type,
        ResourceType: "VirtualMachine",
        Resources: resources,
        NotBefore: notBefore,
        ...Object.fromEntries(known),
      };
    });
    return JSON.stringify({ DocumentIncarnation: this.#incarnation, Events: events });
  }

  #start(state: EventState): void {
    state.timer?.cancel();
    state.notBefore = "";
    this.#change(this.#events);
    const what = `${state.event.type} ${state.id}`;
    this.#parts.onChange(`${what} has started`);
    // A VM that is evicted or deleted does not see the end of the event.
    if (state.event.type === "Preempt" || state.event.type === "Terminate") return;
    const { durationS = -1 } = state.event;
    const ms = durationS < 0 ? UNKNOWN_DURATION_MS : durationS * 1000;
    state.timer = this.#parts.later(ms, () => {
      if (this.remove(state.id)) this.#parts.onChange(`${what} is over`);
    });
  }

  #change(events: readonly EventState[]): void {
    this.#events = events;
    this.#incarnation += 1;
  }
}

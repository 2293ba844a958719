import { parseDuration, SpotproofError } from "../../base/index.ts";
import { chosen, type ControlTable } from "../metadata-mock/control-frame.ts";
import type { MachineEndNotice, MachineIdentity } from "../metadata-mock/machine-metadata.ts";
import type { MetadataMock, MetadataMockOptions } from "../metadata-mock/metadata-mock.ts";
import { MetadataServer } from "../metadata-mock/metadata-server.ts";
import type { Announcement, ServiceAnswer, ServiceRequest } from "../metadata-mock/service-message.ts";
import {
  azureInstanceOf,
  type AzureMockInstance,
  EXAMPLE_AZURE_INSTANCE,
  instanceDocument,
} from "./instance-document.ts";
import { answerAzure, asksForEvents } from "./metadata-service.ts";
import { AZURE_EVENT_TYPES, type AzureMockEvent, ScheduledEvents } from "./scheduled-events.ts";

/** How the mock starts. */
export interface AzureMetadataMockOptions extends MetadataMockOptions {
  readonly instance?: Partial<AzureMockInstance> | undefined;
  /** How long the first call for events waits until the service is switched on, in ms. Azure: up to two minutes. Default 0. */
  readonly switchOnMs?: number | undefined;
}

/** Azure's metadata service with its scheduled events on a socket, and the hands that move it. */
export interface AzureMetadataMock extends MetadataMock {
  /**
   * Announces an event; gives its id.
   * @throws SpotproofError `bad-usage` for a duration that is none
   */
  schedule(event: AzureMockEvent): string;
  /** An event of the type `Preempt` about this VM; gives its `NotBefore`. */
  preempt(what?: { readonly leadMs?: number | undefined }): string;
  /** An event vanishes, as one does that is over or called off. */
  endEvent(id: string): void;
}

/** The least that Azure promises for an eviction, best effort. */
const DEFAULT_LEAD_MS = 30_000;
/** Without a call for so long Azure switches the service off. */
const OFF_AFTER_MS = 24 * 3_600_000;

/**
 * Starts Azure's metadata service for one Spot VM.
 * @throws SpotproofError `port-unavailable`
 */
export async function startAzureMetadataMock(options: AzureMetadataMockOptions): Promise<AzureMetadataMock> {
  const mock = new AzureMock(options);
  await mock.listen();
  return mock;
}

class AzureMock extends MetadataServer implements AzureMetadataMock {
  readonly #events: ScheduledEvents;
  readonly #switchOnMs: number;
  #instance: AzureMockInstance;
  /** The event that announces the end of this VM. */
  #endId: string | undefined;
  #calledAtMs = Number.NEGATIVE_INFINITY;
  #isOnFromMs = 0;

  constructor(options: AzureMetadataMockOptions) {
    super(options, {
      cloud: "azure",
      headers: { server: "Microsoft-IIS/10.0", "content-type": "application/json; charset=utf-8" },
      isTokenRequest: (path) => path.startsWith("/metadata/identity/"),
      throttledStatus: 429,
    });
    this.#switchOnMs = options.switchOnMs ?? 0;
    this.#instance = { ...EXAMPLE_AZURE_INSTANCE, ...options.instance };
    this.#events = new ScheduledEvents({
      serviceClock: this.serviceClock,
      later: (ms, action) => this.later(ms, action),
      onChange: (what) => this.tell({ kind: "announced", what: `scheduledevents: ${what}` }),
    });
  }

  /** No variable is usual: Azure's address is fixed in most clients. Of those that read one, this is the name. */
  get environment(): Readonly<Record<string, string>> {
    return { AZURE_METADATA_ENDPOINT: this.url };
  }

  schedule(event: AzureMockEvent): string {
    return this.#schedule(event).id;
  }

  preempt({ leadMs = DEFAULT_LEAD_MS }: { readonly leadMs?: number | undefined } = {}): string {
    if (this.#endId !== undefined) this.#events.remove(this.#endId);
    const { id, notBefore } = this.#schedule({ type: "Preempt", leadMs });
    this.#endId = id;
    return notBefore;
  }

  endEvent(id: string): void {
    if (!this.#events.remove(id)) return;
    this.tell({ kind: "announced", what: `scheduledevents: ${id} has vanished` });
  }

  announce({ leadMs }: MachineEndNotice): string {
    return this.preempt({ leadMs });
  }

  cancel(): void {
    if (this.#endId !== undefined) this.endEvent(this.#endId);
    this.#endId = undefined;
  }

  rebalance(): void {
    this.tell({ kind: "not-done", what: "Azure has no rebalance recommendation" });
  }

  clear(): void {
    this.#events.clear();
    this.#endId = undefined;
    this.tell({ kind: "announced", what: "nothing any more" });
  }

  protected becomeAnother(machine: MachineIdentity): void {
    this.#events.clear();
    this.#endId = undefined;
    this.#calledAtMs = Number.NEGATIVE_INFINITY;
    this.#instance = { ...this.#instance, ...azureInstanceOf(machine) };
  }

  protected endAnnouncements(): readonly Announcement[] {
    return this.#events.announcementOf(this.#endId);
  }

  protected announcements(): readonly Announcement[] {
    return this.#events.announcements();
  }

  protected controls(): ControlTable {
    return {
      preempt: (parameters) =>
        `Preempt not before ${this.preempt({ leadMs: parseDuration(parameters.get("lead") ?? "30s", "lead") })}`,
      schedule: (parameters) => {
        const resources = parameters.get("resources")?.split(",");
        return this.schedule({
          type: chosen(parameters, "type", AZURE_EVENT_TYPES, "Freeze"),
          leadMs: parseDuration(parameters.get("in") ?? "15m", "in"),
          durationS: Number(parameters.get("duration") ?? -1),
          source: chosen(parameters, "source", ["Platform", "User"], "Platform"),
          description: parameters.get("description") ?? "",
          resources,
        });
      },
      end: (parameters) => {
        const id = parameters.get("id") ?? "";
        if (!this.#events.has(id))
          throw new SpotproofError("bad-usage", `id: there is no event ${JSON.stringify(id)}`);
        this.endEvent(id);
        return `${id} has vanished`;
      },
    };
  }

  protected answer(request: ServiceRequest, gone: AbortSignal): ServiceAnswer {
    const reply = () =>
      answerAzure(request, {
        document: instanceDocument(this.#instance),
        events: this.#events,
        acknowledge: (id) => this.#acknowledge(id),
      });
    if (!asksForEvents(request)) return reply();
    const waitMs = this.#switchOn();
    return waitMs <= 0 ? reply() : this.clock.sleep(waitMs, gone).then(reply);
  }

  /** Gives how long until the service for events is on, in ms. */
  #switchOn(): number {
    const nowMs = this.clock.now();
    if (nowMs - this.#calledAtMs > OFF_AFTER_MS) this.#isOnFromMs = nowMs + this.#switchOnMs;
    this.#calledAtMs = nowMs;
    return this.#isOnFromMs - nowMs;
  }

  #acknowledge(id: string): void {
    this.tell({ kind: "acknowledged", what: `scheduledevents: a client lets ${id} start` });
    this.#events.start(id);
  }

  #schedule(event: AzureMockEvent): { readonly id: string; readonly notBefore: string } {
    const resources = event.resources ?? [this.#instance.name];
    const { id, notBefore } = this.#events.schedule(event, resources);
    this.tell({
      kind: "announced",
      what: `scheduledevents: ${event.type} of ${resources.join(", ")} not before ${notBefore} (${id})`,
    });
    return { id, notBefore };
  }
}

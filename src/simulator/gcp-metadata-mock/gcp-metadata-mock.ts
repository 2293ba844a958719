import { formatDuration, parseDuration, SpotproofError } from "../../base/index.ts";
import { chosen, type ControlTable } from "../metadata-mock/control-frame.ts";
import type { MachineEndNotice, MachineIdentity } from "../metadata-mock/machine-metadata.ts";
import type { MetadataMock, MetadataMockOptions } from "../metadata-mock/metadata-mock.ts";
import { MetadataServer } from "../metadata-mock/metadata-server.ts";
import { isoSeconds } from "../metadata-mock/service-clock.ts";
import type { Announcement, ServiceAnswer, ServiceRequest } from "../metadata-mock/service-message.ts";
import { EXAMPLE_GCP_INSTANCE, gcpInstanceOf, type GcpMockInstance } from "./instance-tree.ts";
import { answerGcp, FLAVOR } from "./metadata-service.ts";
import { MetadataState } from "./metadata-state.ts";

/** How the mock starts. */
export interface GcpMetadataMockOptions extends MetadataMockOptions {
  readonly instance?: Partial<GcpMockInstance> | undefined;
}

/** What `instance/maintenance-event` says. */
export type GcpMaintenanceEvent = "NONE" | "MIGRATE_ON_HOST_MAINTENANCE" | "TERMINATE_ON_HOST_MAINTENANCE";

/** Google's metadata server on a socket, and the hands that move it. */
export interface GcpMetadataMock extends MetadataMock {
  /**
   * `instance/preempted` becomes `TRUE`. `leadMs` (default 30,000): how long before the machine is gone. Google gives 30 s after the
   * value has changed, or up to 120 s with a notice duration; no moment is announced. Gives it all the same, for the caller.
   */
  preempt(what?: { readonly leadMs?: number | undefined }): string;
  /** Sets `instance/maintenance-event`. Google does so 60 s before the maintenance. */
  maintenance(event: GcpMaintenanceEvent): void;
  /** Sets `instance/attributes/<key>`. */
  setAttribute(key: string, value: string): void;
}

const DEFAULT_LEAD_MS = 30_000;

/**
 * Starts Google's metadata server for one Spot VM. Long polls (`wait_for_change`) end with the change.
 * @throws SpotproofError `port-unavailable`
 */
export async function startGcpMetadataMock(options: GcpMetadataMockOptions): Promise<GcpMetadataMock> {
  const mock = new GcpMock(options);
  await mock.listen();
  return mock;
}

class GcpMock extends MetadataServer implements GcpMetadataMock {
  readonly #state: MetadataState;
  #instance: GcpMockInstance;

  constructor(options: GcpMetadataMockOptions) {
    super(options, {
      cloud: "gcp",
      headers: {
        ...FLAVOR,
        server: "Metadata Server for VM",
        "content-type": "application/text",
        "x-xss-protection": "0",
        "x-frame-options": "SAMEORIGIN",
      },
      isTokenRequest: (path) => path.endsWith("/token"),
      throttledStatus: 429,
    });
    this.#instance = { ...EXAMPLE_GCP_INSTANCE, ...options.instance };
    this.#state = new MetadataState(this.#instance);
  }

  /** Google's libraries take host and port without a scheme. HOST: all of them; IP: Python, Node.js; ROOT: older Python. */
  get environment(): Readonly<Record<string, string>> {
    const { authority } = this;
    return { GCE_METADATA_HOST: authority, GCE_METADATA_IP: authority, GCE_METADATA_ROOT: authority };
  }

  preempt({ leadMs = DEFAULT_LEAD_MS }: { readonly leadMs?: number | undefined } = {}): string {
    this.#state.set("preempted", "TRUE", true);
    const time = isoSeconds(this.serviceClock.wallTime() + leadMs);
    this.tell({ kind: "announced", what: `instance/preempted: TRUE, ${formatDuration(leadMs)} ahead` });
    return time;
  }

  maintenance(event: GcpMaintenanceEvent): void {
    this.#state.set("maintenance-event", event, event !== "NONE");
    this.tell({ kind: "announced", what: `instance/maintenance-event: ${event}` });
  }

  setAttribute(key: string, value: string): void {
    if (!/^[\w-]{1,128}$/.test(key)) {
      throw new SpotproofError(
        "bad-usage",
        `attribute ${JSON.stringify(key)}: a key is 1 to 128 letters, digits, - and _.`,
      );
    }
    this.#state.set(`attributes/${key}`, value, false);
  }

  announce({ leadMs }: MachineEndNotice): string {
    return this.preempt({ leadMs });
  }

  cancel(): void {
    if (this.#state.announcementOf("preempted") === undefined) return;
    this.#state.set("preempted", "FALSE", false);
    this.tell({ kind: "announced", what: "instance/preempted: FALSE, taken back" });
  }

  rebalance(): void {
    this.tell({ kind: "not-done", what: "Google Cloud has no rebalance recommendation" });
  }

  clear(): void {
    this.#state.set("preempted", "FALSE", false);
    this.#state.set("maintenance-event", "NONE", false);
    this.tell({ kind: "announced", what: "nothing any more" });
  }

  protected becomeAnother(machine: MachineIdentity): void {
    this.#instance = { ...this.#instance, ...gcpInstanceOf(machine) };
    this.#state.become(this.#instance);
  }

  protected endAnnouncements(): readonly Announcement[] {
    return [this.#state.announcementOf("preempted") ?? []].flat();
  }

  protected announcements(): readonly Announcement[] {
    return this.#state.announcements();
  }

  protected controls(): ControlTable {
    return {
      preempt: (parameters) => {
        const leadMs = parseDuration(parameters.get("lead") ?? "30s", "lead");
        return `preempted, gone at ${this.preempt({ leadMs })}`;
      },
      maintenance: (parameters) => {
        const event = chosen(parameters, "event", ["none", "migrate", "terminate"], "terminate");
        const words = event === "none" ? "NONE" : (`${MAINTENANCE[event]}_ON_HOST_MAINTENANCE` as const);
        this.maintenance(words);
        return words;
      },
      attribute: (parameters) => {
        const key = parameters.get("key") ?? "";
        this.setAttribute(key, parameters.get("value") ?? "");
        return `attributes/${key}`;
      },
    };
  }

  protected answer(request: ServiceRequest, gone: AbortSignal): ServiceAnswer {
    return answerGcp(request, { state: this.#state, clock: this.clock, authority: this.authority }, gone);
  }
}

const MAINTENANCE = { migrate: "MIGRATE", terminate: "TERMINATE" } as const;

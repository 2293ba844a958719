import type { Timer } from "../../base/index.ts";
import type { ControlTable } from "../metadata-mock/control-frame.ts";
import type { MachineEndNotice, MachineIdentity } from "../metadata-mock/machine-metadata.ts";
import type { MetadataMock, MetadataMockOptions } from "../metadata-mock/metadata-mock.ts";
import { MetadataServer } from "../metadata-mock/metadata-server.ts";
import { isoSeconds } from "../metadata-mock/service-clock.ts";
import type { Announcement, ServiceReply, ServiceRequest } from "../metadata-mock/service-message.ts";
import { Announcements, type MockInterruption, type MockMaintenance } from "./announcements.ts";
import { ec2Controls } from "./ec2-controls.ts";
import { EXAMPLE_INSTANCE, fixedItems, instanceOf, type MockInstance, tagItems } from "./instance-items.ts";
import { checkOptions, DEFAULT_OPTIONS, type MockMetadataOptions } from "./metadata-options.ts";
import { answerEc2, TOKEN_HEADER } from "./metadata-service.ts";
import { createMockTokens, type MockTokens } from "./tokens.ts";

/** How the mock starts. */
export interface Ec2MetadataMockOptions extends MetadataMockOptions {
  /** `required`: a request without a token is answered 401. Default `optional`. */
  readonly imdsv2?: "required" | "optional" | undefined;
  readonly instance?: Partial<MockInstance> | undefined;
  /** The instance's metadata options, as `aws ec2 modify-instance-metadata-options` sets them. */
  readonly metadataOptions?: Partial<MockMetadataOptions> | undefined;
  /** False: the instance is in no Auto Scaling group, and its target lifecycle state is 404. Default true. */
  readonly inAutoScalingGroup?: boolean | undefined;
}

/** An EC2 metadata service on a socket, and the hands that move it. */
export interface Ec2MetadataMock extends MetadataMock {
  /** Announces a Spot interruption; gives the moment that is announced. */
  interrupt(what?: Partial<MockInterruption>): string;
  /** The same in a while. */
  interruptAfter(ms: number, what?: Partial<MockInterruption>): Timer;
  /** Takes the announced interruption back: 404 again. */
  cancelInterruption(): void;
  /** Announces maintenance; gives its id. */
  scheduleEvent(what: MockMaintenance): string;
  /** It is in the history from now on, and for a minute still among the scheduled ones, with this state. */
  endScheduledEvent(id: string, state: "completed" | "canceled"): void;
  /** Sets the target lifecycle state of the Auto Scaling group; undefined makes it absent. */
  lifecycle(state: string | undefined): void;
  /** Sets any item, such as `meta-data/spot/instance-action`, to any words; undefined makes it absent. */
  set(path: string, body: string | undefined): void;
  /**
   * Changes the metadata options of the running instance.
   * @throws SpotproofError `bad-usage` for a number of hops that is none, or a tag that cannot be shown
   */
  configure(changes: Partial<MockMetadataOptions>): MockMetadataOptions;
  /** Every token given out so far is answered 401 from now on. */
  expireTokens(): void;
}

/**
 * Starts an EC2 metadata service that gives notices on demand. It follows the real service (tokens, 404 while there is
 * nothing, a moment that stays once announced, `Date` header) and not its better-known stand-in.
 * @throws SpotproofError `port-unavailable`, `bad-usage` for options that are none
 */
export async function startEc2MetadataMock(options: Ec2MetadataMockOptions): Promise<Ec2MetadataMock> {
  const mock = new Ec2Mock(options);
  await mock.listen();
  return mock;
}

class Ec2Mock extends MetadataServer implements Ec2MetadataMock {
  readonly #announcements: Announcements;
  readonly #tokens: MockTokens;
  #instance: MockInstance;
  #fixed: ReadonlyMap<string, string>;
  #options: MockMetadataOptions;

  constructor(options: Ec2MetadataMockOptions) {
    super(options, {
      cloud: "aws",
      headers: { server: "EC2ws", "content-type": "text/plain" },
      isTokenRequest: (path) => path.endsWith("/api/token"),
      tokenHeader: TOKEN_HEADER,
      throttledStatus: 503,
    });
    this.#announcements = new Announcements(
      this.clock,
      this.serviceClock,
      options.inAutoScalingGroup !== false,
    );
    this.#tokens = createMockTokens(this.clock);
    this.#instance = { ...EXAMPLE_INSTANCE, ...options.instance };
    this.#fixed = this.#launch();
    this.#options = { ...DEFAULT_OPTIONS, httpTokens: options.imdsv2 ?? DEFAULT_OPTIONS.httpTokens };
    this.configure(options.metadataOptions ?? {});
  }

  get environment(): Readonly<Record<string, string>> {
    // With the slash that the aws command line 2.9 needs; who adds one finds the service all the same.
    return { AWS_EC2_METADATA_SERVICE_ENDPOINT: `${this.url}/`, AWS_EC2_METADATA_DISABLED: "false" };
  }

  interrupt({ action = "terminate", leadMs = 120_000 }: Partial<MockInterruption> = {}): string {
    const time = this.#announcements.interrupt({ action, leadMs });
    this.tell({ kind: "announced", what: `spot/instance-action: ${action} at ${time}` });
    return time;
  }

  interruptAfter(ms: number, what: Partial<MockInterruption> = {}): Timer {
    return this.later(ms, () => this.interrupt(what));
  }

  cancelInterruption(): void {
    if (!this.#announcements.cancelInterruption()) return;
    this.tell({ kind: "announced", what: "spot/instance-action: taken back" });
  }

  announce(notice: MachineEndNotice): string {
    return this.interrupt(notice);
  }

  cancel(): void {
    this.cancelInterruption();
  }

  rebalance(): void {
    this.#announcements.rebalance();
    this.tell({ kind: "announced", what: "events/recommendations/rebalance" });
  }

  scheduleEvent(what: MockMaintenance): string {
    const id = this.#announcements.schedule(what);
    this.tell({ kind: "announced", what: `events/maintenance/scheduled: ${what.code} (${id})` });
    return id;
  }

  endScheduledEvent(id: string, state: "completed" | "canceled"): void {
    if (!this.#announcements.endScheduled(id, state)) return;
    this.tell({ kind: "announced", what: `events/maintenance/scheduled: ${id} is ${state}` });
  }

  lifecycle(state: string | undefined): void {
    this.#announcements.lifecycle(state);
    this.tell({ kind: "announced", what: `autoscaling/target-lifecycle-state: ${state ?? "absent"}` });
  }

  set(path: string, body: string | undefined): void {
    this.#announcements.set(path, body);
  }

  clear(): void {
    this.#announcements.clear();
    this.tell({ kind: "announced", what: "nothing any more" });
  }

  configure(changes: Partial<MockMetadataOptions>): MockMetadataOptions {
    const options = checkOptions({ ...this.#options, ...changes });
    if (options.instanceMetadataTags === "enabled") tagItems(this.#instance.tags);
    this.#options = options;
    return options;
  }

  expireTokens(): void {
    this.#tokens.expireAll();
  }

  protected becomeAnother(machine: MachineIdentity): void {
    this.#tokens.expireAll();
    this.#announcements.clear();
    this.#instance = { ...this.#instance, ...instanceOf(machine) };
    this.#fixed = this.#launch();
  }

  #launch(): ReadonlyMap<string, string> {
    return fixedItems(this.#instance, isoSeconds(this.serviceClock.wallTime()));
  }

  protected endAnnouncements(): readonly Announcement[] {
    return this.#announcements.ofTheEnd();
  }

  protected announcements(): readonly Announcement[] {
    return this.#announcements.all();
  }

  protected controls(): ControlTable {
    return ec2Controls(this);
  }

  protected answer(request: ServiceRequest): ServiceReply {
    return answerEc2(request, {
      instance: this.#instance,
      fixed: this.#fixed,
      announcements: this.#announcements,
      tokens: this.#tokens,
      options: this.#options,
      wallTime: this.serviceClock.wallTime(),
    });
  }
}

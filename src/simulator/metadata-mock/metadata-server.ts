import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type Clock,
  type MonotonicMs,
  reasonOf,
  SpotproofError,
  systemErrorCode,
  type Timer,
} from "../../base/index.ts";
import type { CloudName } from "../scenario/plan.ts";
import { answerControl, type ControlTable, isControlPath, signedDuration } from "./control-frame.ts";
import { createMockFaults, type MockFault, type MockFaults, readMockFault } from "./faults.ts";
import type { MachineEndNotice, MachineIdentity, MockEvent } from "./machine-metadata.ts";
import type { MetadataMock, MetadataMockOptions, MockState } from "./metadata-mock.ts";
import { type MockRequest, readRequest, RequestLog } from "./requests.ts";
import { isSilenced, sendReply } from "./send-reply.ts";
import { isoSeconds, ServiceClock } from "./service-clock.ts";
import type { Announcement, ServiceAnswer, ServiceReply, ServiceRequest } from "./service-message.ts";

/** What distinguishes the HTTP of one cloud's service. */
export interface MetadataServerTraits {
  readonly cloud: CloudName;
  /** Headers of every reply. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isTokenRequest: (path: string) => boolean;
  /** The header, in small letters, in which requests carry a token. */
  readonly tokenHeader?: string | undefined;
  /** How a request beyond the limit is refused. */
  readonly throttledStatus: number;
}

/** The part of a mock that is the same for every cloud: listening, sending, faults, control and closing. */
export abstract class MetadataServer implements MetadataMock {
  readonly cloud: CloudName;
  openConnections = 0;
  protected readonly clock: Clock;
  protected readonly serviceClock: ServiceClock;
  readonly #options: MetadataMockOptions;
  readonly #traits: MetadataServerTraits;
  readonly #faults: MockFaults;
  readonly #log: RequestLog;
  readonly #plans = new Set<Timer>();
  readonly #delayedReplies = new Set<Timer>();
  readonly #underWay = new Set<AbortController>();
  readonly #heardAtMs = new WeakMap<Announcement, MonotonicMs>();
  readonly #server: Server;

  constructor(options: MetadataMockOptions, traits: MetadataServerTraits) {
    this.cloud = traits.cloud;
    this.clock = options.clock;
    this.serviceClock = new ServiceClock(options.clock, options.clockAheadMs ?? 0);
    this.#options = options;
    this.#traits = traits;
    this.#faults = createMockFaults(options.clock, traits.isTokenRequest);
    this.#log = new RequestLog(options.clock, traits.tokenHeader);
    this.#server = createServer((request, response) => {
      this.#receive(request, response).catch((error: unknown) => {
        if (response.headersSent) response.destroy();
        else
          response
            .writeHead(500, { "content-type": "text/plain" })
            .end(`the mock failed: ${reasonOf(error)}\n`);
      });
    });
    // Node's five seconds are shorter than the pause of some pollers, which then meet a closed connection.
    this.#server.keepAliveTimeout = 60_000;
    this.#server.on("connection", (socket) => {
      this.openConnections += 1;
      socket.on("close", () => {
        this.openConnections -= 1;
      });
    });
  }

  abstract readonly environment: Readonly<Record<string, string>>;
  abstract announce(notice: MachineEndNotice): string;
  abstract cancel(): void;
  abstract rebalance(): void;
  abstract clear(): void;
  /** Takes over the identity and says nothing any more. */
  protected abstract becomeAnother(machine: MachineIdentity): void;
  /** The present announcements of the machine's end; several items may say the same. */
  protected abstract endAnnouncements(): readonly Announcement[];
  /** Everything that is announced. */
  protected abstract announcements(): readonly Announcement[];
  /** What this cloud's `/mock/` offers beside that of all. */
  protected abstract controls(): ControlTable;
  /** `gone` aborts when nobody waits for the answer any more. */
  protected abstract answer(request: ServiceRequest, gone: AbortSignal): ServiceAnswer;

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** `127.0.0.1:1338` */
  protected get authority(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  get url(): string {
    return `http://${this.authority}`;
  }

  get requests(): readonly MockRequest[] {
    return this.#log.newest;
  }

  get heard(): { readonly atMs: MonotonicMs } | undefined {
    const times = this.endAnnouncements().flatMap((one) => this.#heardAtMs.get(one) ?? []);
    return times.length === 0 ? undefined : { atMs: Math.min(...times) };
  }

  /** @throws SpotproofError `port-unavailable` */
  listen(): Promise<void> {
    const { host = "127.0.0.1", port = 0 } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", (error) => {
        const code = systemErrorCode(error);
        const expected =
          code === "EADDRINUSE" || code === "EACCES" || code === "EADDRNOTAVAIL" || code === "ENOTFOUND";
        const detail = `${host}, port ${port}: ${reasonOf(error)}`;
        reject(expected ? new SpotproofError("port-unavailable", detail, { cause: error }) : error);
      });
      this.#server.listen(port, host, resolve);
    });
  }

  fault(fault: MockFault): () => void {
    return this.#faults.add(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  jumpClock(ms: number): void {
    this.serviceClock.jump(ms);
  }

  become(machine: MachineIdentity): void {
    this.#cancelPlans();
    this.clearFaults();
    this.serviceClock.reset();
    this.becomeAnother(machine);
  }

  announceAfter(ms: number, notice: MachineEndNotice): Timer {
    return this.later(ms, () => this.announce(notice));
  }

  rebalanceAfter(ms: number): Timer {
    return this.later(ms, () => this.rebalance());
  }

  state(): MockState {
    return {
      cloud: this.cloud,
      time: isoSeconds(this.serviceClock.wallTime()),
      announced: Object.fromEntries(this.announcements().map(({ item, words }) => [item, words])),
      faults: this.#faults.list(),
      requests: this.#log.count,
      openConnections: this.openConnections,
    };
  }

  close(): Promise<void> {
    this.#cancelPlans();
    for (const timer of this.#delayedReplies) timer.cancel();
    this.#delayedReplies.clear();
    for (const gone of this.#underWay) gone.abort();
    return new Promise((resolve) => {
      // The error says that it is closed already, which is what was wanted.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  protected tell(event: MockEvent): void {
    this.#options.onEvent?.(event);
  }

  /** Does something later, unless the machine or the service is gone by then. */
  protected later(ms: number, action: () => void): Timer {
    return this.#after(this.#plans, ms, action);
  }

  #cancelPlans(): void {
    for (const timer of this.#plans) timer.cancel();
    this.#plans.clear();
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = await readRequest(request);
    if (isControlPath(asked.path)) {
      const { status, body, headers } = answerControl(this.#allControls(), () => this.state(), asked);
      response.writeHead(status, { "content-type": "text/plain", ...headers }).end(body);
      return;
    }
    const faults = this.#faults.befalling(asked.path);
    const logged = this.#log.add(asked);
    const gone = new AbortController();
    this.#underWay.add(gone);
    response.on("close", () => {
      this.#underWay.delete(gone);
      gone.abort();
    });
    const answered = isSilenced(faults) ? { status: 0, body: "" } : this.#reply(asked, faults, gone.signal);
    const reply = answered instanceof Promise ? await answered : answered;
    if (gone.signal.aborted) return;
    if (!isSilenced(faults) && reply.isLost !== true) logged.status = reply.status;
    sendReply(response, reply, {
      faults,
      headers: this.#traits.headers,
      wallTime: this.serviceClock.wallTime(),
      after: (ms, act) => this.#after(this.#delayedReplies, ms, act),
      sentAsMeant: () => this.#noteHeard(asked, reply),
    });
  }

  #reply(asked: ServiceRequest, faults: readonly MockFault[], gone: AbortSignal): ServiceAnswer {
    const refused = faults.find(({ kind }) => kind === "status" || kind === "throttle");
    if (refused === undefined) return this.answer(asked, gone);
    return { status: refused.status ?? this.#traits.throttledStatus, body: "" };
  }

  #noteHeard(asked: ServiceRequest, reply: ServiceReply): void {
    for (const announcement of reply.carries ?? []) {
      if (this.#heardAtMs.has(announcement)) continue;
      this.#heardAtMs.set(announcement, this.clock.now());
      this.tell({ kind: "heard", path: asked.path, body: announcement.words });
    }
  }

  #allControls(): ControlTable {
    return {
      cancel: () => {
        this.cancel();
        return "no end is announced";
      },
      clear: () => {
        this.clear();
        this.clearFaults();
        return "nothing is announced, no fault is set";
      },
      fault: (parameters) => {
        if (parameters.get("kind") === "none") {
          this.clearFaults();
          return "no fault is set";
        }
        const fault = readMockFault(parameters);
        this.fault(fault);
        return JSON.stringify(fault);
      },
      "jump-clock": (parameters) => {
        this.jumpClock(signedDuration(parameters.get("by") ?? "", "by"));
        return `the service's clock says ${isoSeconds(this.serviceClock.wallTime())}`;
      },
      ...this.controls(),
    };
  }

  #after(timers: Set<Timer>, ms: number, action: () => void): Timer {
    const timer = this.clock.after(ms, () => {
      timers.delete(timer);
      action();
    });
    timers.add(timer);
    return timer;
  }
}

import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, reasonOf, SpotproofError, systemErrorCode, type Timer } from "../../base/index.ts";
import { Announcements, type MockInterruption, type MockMaintenance } from "./announcements.ts";
import { answerControl } from "./control.ts";
import { createMockFaults, type MockFault, type MockFaults } from "./faults.ts";
import { EXAMPLE_INSTANCE, type MockInstance } from "./metadata-items.ts";
import { createMetadataService, type ServiceReply, type ServiceRequest } from "./metadata-service.ts";
import { sendReply } from "./send-reply.ts";
import { createMockTokens, type MockTokens } from "./tokens.ts";

/** How the mock starts. */
export interface Ec2MetadataMockOptions {
  readonly clock: Clock;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: any free one. */
  readonly port?: number | undefined;
  /** `required`: a request without a token is answered 401. Default `optional`. */
  readonly imdsv2?: "required" | "optional" | undefined;
  readonly instance?: Partial<MockInstance> | undefined;
  /** How far the service's clock is ahead of this machine's, in ms. Default 0. */
  readonly clockAheadMs?: number | undefined;
  /** Told what happens. */
  readonly onEvent?: ((event: MockEvent) => void) | undefined;
}

/** What the mock tells. */
export type MockEvent =
  | { readonly kind: "announced"; readonly what: string }
  /** Somebody has read an announcement for the first time since it was made or changed. */
  | { readonly kind: "heard"; readonly path: string; readonly body: string };

/** One request that arrived. */
interface MockRequest {
  readonly method: string;
  readonly path: string;
  readonly token: string | undefined;
  /** Undefined when no status was ever sent. */
  readonly status: number | undefined;
  readonly atMs: number;
}

/** An EC2 metadata service on a socket, and the hands that move it. */
export interface Ec2MetadataMock {
  /** `http://127.0.0.1:1338`: what `AWS_EC2_METADATA_SERVICE_ENDPOINT` takes. */
  readonly url: string;
  readonly port: number;
  /** The last thousand requests, the oldest first; without those to `/mock/`. */
  readonly requests: readonly MockRequest[];
  /** How many connections are open at present. */
  readonly openConnections: number;
  /** Announces a Spot interruption; gives the moment that is announced. */
  interrupt(what?: Partial<MockInterruption>): string;
  /** The same in a while. */
  interruptAfter(ms: number, what?: Partial<MockInterruption>): Timer;
  rebalance(): void;
  /** The same in a while. */
  rebalanceAfter(ms: number): Timer;
  /** Announces maintenance; gives its id. */
  scheduleEvent(what: MockMaintenance): string;
  endScheduledEvent(id: string, state: "completed" | "canceled"): void;
  /** Sets the target lifecycle state of the Auto Scaling group. */
  lifecycle(state: string): void;
  /** Sets any item, such as `meta-data/spot/instance-action`, to any words; undefined makes it absent. */
  set(path: string, body: string | undefined): void;
  /** Takes every announcement back. */
  clear(): void;
  /** Gives the function that takes the fault back. */
  fault(fault: MockFault): () => void;
  clearFaults(): void;
  /** Every token given out so far is answered 401 from now on. */
  expireTokens(): void;
  /** Breaks open connections and pending timers off. */
  close(): Promise<void>;
}

const MOST_REQUESTS_KEPT = 1000;

/**
 * Starts an EC2 metadata service that gives notices on demand. It follows the real service (tokens, 404 while there is
 * nothing, a moment that stays once announced, `Date` header) and not its better-known stand-in.
 * @throws SpotproofError `port-unavailable`
 */
export async function startEc2MetadataMock(options: Ec2MetadataMockOptions): Promise<Ec2MetadataMock> {
  const mock = new Mock(options);
  await mock.listen();
  return mock;
}

class Mock implements Ec2MetadataMock {
  readonly requests: MockRequest[] = [];
  openConnections = 0;
  readonly #options: Ec2MetadataMockOptions;
  readonly #announcements: Announcements;
  readonly #faults: MockFaults = createMockFaults();
  readonly #tokens: MockTokens;
  readonly #service: (request: ServiceRequest) => ServiceReply;
  readonly #timers = new Set<Timer>();
  readonly #heard = new Map<string, string>();
  readonly #server: Server;

  constructor(options: Ec2MetadataMockOptions) {
    const { clock, imdsv2 = "optional", instance = {}, clockAheadMs = 0 } = options;
    this.#options = options;
    this.#announcements = new Announcements(clock, clockAheadMs);
    for (const [path, body] of this.#announcements.items()) this.#heard.set(path, body);
    this.#tokens = createMockTokens(clock);
    this.#service = createMetadataService({
      instance: { ...EXAMPLE_INSTANCE, ...instance },
      clock,
      announcements: this.#announcements,
      tokens: this.#tokens,
      imdsv2,
    });
    this.#server = createServer((request, response) => {
      const asked = readRequest(request);
      if (asked.path.startsWith("/mock/")) {
        const { status, body } = answerControl(
          this,
          asked,
          new URL(request.url ?? "/", "http://mock").searchParams,
        );
        response.writeHead(status, { "content-type": "text/plain" }).end(`${body}\n`);
        return;
      }
      const faults = this.#faults.befalling(asked.path);
      const reply = this.#reply(asked, faults);
      this.#log(asked, faults, reply);
      sendReply(response, reply, {
        faults,
        wallTime: this.#announcements.wallTime(),
        after: (ms, act) => this.#after(ms, act),
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

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    const { address, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

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

  interrupt(what: Partial<MockInterruption> = {}): string {
    const { action = "terminate", leadMs = 120_000 } = what;
    const time = this.#announcements.interrupt({ action, leadMs });
    this.#tell(`spot/instance-action: ${action} at ${time}`);
    return time;
  }

  interruptAfter(ms: number, what: Partial<MockInterruption> = {}): Timer {
    return this.#after(ms, () => this.interrupt(what));
  }

  rebalance(): void {
    this.#announcements.rebalance();
    this.#tell("events/recommendations/rebalance");
  }

  rebalanceAfter(ms: number): Timer {
    return this.#after(ms, () => this.rebalance());
  }

  scheduleEvent(what: MockMaintenance): string {
    const id = this.#announcements.schedule(what);
    this.#tell(`events/maintenance/scheduled: ${what.code} (${id})`);
    return id;
  }

  endScheduledEvent(id: string, state: "completed" | "canceled"): void {
    this.#announcements.endScheduled(id, state);
    this.#tell(`events/maintenance/scheduled: ${id} is ${state}`);
  }

  lifecycle(state: string): void {
    this.#announcements.lifecycle(state);
    this.#tell(`autoscaling/target-lifecycle-state: ${state}`);
  }

  set(path: string, body: string | undefined): void {
    this.#announcements.set(path, body);
  }

  clear(): void {
    this.#announcements.clear();
    this.#tell("nothing any more");
  }

  fault(fault: MockFault): () => void {
    return this.#faults.add(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  expireTokens(): void {
    this.#tokens.expireAll();
  }

  close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    return new Promise((resolve) => {
      // The error says that it is closed already, which is what was wanted.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #reply(asked: ServiceRequest, faults: readonly MockFault[]): ServiceReply {
    const status = faults.find((fault) => fault.kind === "status");
    return status === undefined ? this.#service(asked) : { status: status.status, body: "" };
  }

  #log(asked: ServiceRequest, faults: readonly MockFault[], reply: ServiceReply): void {
    const silent = faults.some(({ kind }) => kind === "hang" || kind === "reset" || kind === "garbage");
    const { method, path, headers } = asked;
    const token = headers["x-aws-ec2-metadata-token"]?.toString();
    this.requests.push({
      method,
      path,
      token,
      status: silent ? undefined : reply.status,
      atMs: this.#options.clock.now(),
    });
    if (this.requests.length > MOST_REQUESTS_KEPT) this.requests.shift();
    const item = path.replace(/^\/[^/]*\//, "");
    if (silent || reply.status !== 200 || this.#announcements.items().get(item) !== reply.body) return;
    if (this.#heard.get(item) === reply.body) return;
    this.#heard.set(item, reply.body);
    this.#options.onEvent?.({ kind: "heard", path, body: reply.body });
  }

  #tell(what: string): void {
    this.#options.onEvent?.({ kind: "announced", what });
  }

  #after(ms: number, action: () => void): Timer {
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      action();
    });
    this.#timers.add(timer);
    return timer;
  }
}

function readRequest({ method = "GET", url = "/", headers }: IncomingMessage): ServiceRequest {
  return { method, path: url.replace(/[?#].*$/, ""), headers };
}

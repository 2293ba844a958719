import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Clock, type Random, seededRandom, systemClock } from "../../base/index.ts";
import { listObjects, listUploads } from "./listing-operations.ts";
import { deleteObject, getObject, putObject } from "./object-operations.ts";
import { ObjectShelf } from "./object-shelf.ts";
import { type S3Fault, S3Faults, type S3RequestKind } from "./s3-faults.ts";
import { codedReply, errorReply, type S3Reply, sendS3Reply } from "./s3-reply.ts";
import { readBody, readS3Head, type S3Request } from "./s3-request.ts";
import { abortUpload, completeUpload, createUpload, uploadPart } from "./upload-operations.ts";
import { refusalOfBody } from "./verify-body.ts";

/** How the fake is started. */
export interface S3FakeOptions {
  /** Default 0: any free one. */
  readonly port?: number | undefined;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** The buckets that exist. Default: one, `bucket`. */
  readonly buckets?: readonly string[] | undefined;
  /** The region of all of them. A request that is signed for another is sent there. Default: any will do. */
  readonly region?: string | undefined;
  /** Whether bodies are compared with their hashes and checksums. Default true; takes time in a benchmark. */
  readonly verify?: boolean | undefined;
  readonly clock?: Clock | undefined;
  /** Decides which requests a fault with a share befalls. Default: the same ones each time. */
  readonly random?: Random | undefined;
}

const MOST_REQUESTS_KEPT = 10_000;

/** Racing writes that are held back, to be decided together. */
interface Gathering {
  readonly count: number;
  readonly losers: "412" | "409";
  readonly waiting: (() => void)[];
}

/** An S3 in memory, on a real socket: what Spotproof and the benchmarks ask of one, and faults that no other stand-in has. */
export class S3Fake {
  readonly #options: S3FakeOptions;
  readonly #clock: Clock;
  readonly #shelves: ReadonlyMap<string, ObjectShelf>;
  readonly #faults: S3Faults;
  readonly #server: Server;
  /** So many connections were open at once since the start. */
  mostConnections = 0;
  #connections = 0;
  #counts = new Map<S3RequestKind, number>();
  #requests: S3Request[] = [];
  #gathering: Gathering | undefined;
  #aheadMs = 0;

  constructor(options: S3FakeOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#faults = new S3Faults(options.random ?? seededRandom(1));
    this.#shelves = new Map((options.buckets ?? ["bucket"]).map((name) => [name, new ObjectShelf()]));
    this.#server = createServer((message, response) => {
      this.#receive(message, response).catch(() => response.destroy());
    });
    this.#server.keepAliveTimeout = 20_000;
    this.#server.on("connection", (socket) => {
      this.#connections += 1;
      this.mostConnections = Math.max(this.mostConnections, this.#connections);
      socket.on("close", () => {
        this.#connections -= 1;
      });
    });
  }

  /** `http://127.0.0.1:9000` */
  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address}:${port}`;
  }

  /** What lies in a bucket, whole objects and unfinished uploads. */
  shelf(bucket = "bucket"): ObjectShelf {
    const shelf = this.#shelves.get(bucket);
    if (shelf === undefined) throw new Error(`The fake has no bucket "${bucket}".`);
    return shelf;
  }

  /** How many requests of each kind there were since the start or the last reset. */
  get counts(): Readonly<Partial<Record<S3RequestKind, number>>> {
    return Object.fromEntries(this.#counts);
  }

  /** The newest requests since the start or the last reset, without their bodies. */
  get requests(): readonly S3Request[] {
    return this.#requests;
  }

  resetCounts(): void {
    this.#counts = new Map();
    this.#requests = [];
  }

  /** Sets a fault; gives the function that takes it back. */
  fault(fault: S3Fault): () => void {
    return this.#faults.add(fault);
  }

  clearFaults(): void {
    this.#faults.clear();
  }

  /** Holds conditional writes until `count` have arrived, then decides them all; who loses is told 412, or 409. */
  gather(count: number, losers: Gathering["losers"] = "412"): void {
    this.#gathering = { count, losers, waiting: [] };
  }

  /** Moves the fake's wall clock, and it alone. */
  jumpClock(ms: number): void {
    this.#aheadMs += ms;
  }

  listen(): Promise<void> {
    const { host = "127.0.0.1", port = 0 } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      // An error would say that it is closed already, which is what was wanted.
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  get #wallTime(): number {
    return this.#clock.wallTime() + this.#aheadMs;
  }

  async #receive(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = readS3Head(message);
    const { kind } = head;
    const isConditional = /^(complete-upload|put)$/.test(kind) && head.headers["if-none-match"] !== undefined;
    const fault = kind === "unknown" ? undefined : this.#faults.befalling(kind, isConditional);
    const send = (reply: S3Reply): void =>
      sendS3Reply(response, reply, {
        fault,
        clock: this.#clock,
        wallTime: this.#wallTime,
        isHead: message.method === "HEAD",
      });
    if (fault?.early === true) {
      response.on("finish", () => response.socket?.destroy());
      send(
        codedReply(fault.status ?? 503, fault.code ?? "SlowDown", { connection: "close", ...fault.headers }),
      );
      return;
    }
    const request = { ...head, body: await readBody(message) };
    if (kind !== "unknown") this.#count(request, kind);
    const losesTo = isConditional ? await this.#together() : undefined;
    send(this.#answer(request, fault, losesTo));
  }

  #count(request: S3Request, kind: S3RequestKind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    if (this.#requests.length > MOST_REQUESTS_KEPT)
      this.#requests = this.#requests.slice(-MOST_REQUESTS_KEPT / 2);
    this.#requests.push({ ...request, body: Buffer.alloc(0) });
  }

  /** Waits for the other racers; tells how those that come after the first are refused. */
  async #together(): Promise<Gathering["losers"] | undefined> {
    const gathering = this.#gathering;
    if (gathering === undefined) return undefined;
    const isLast = gathering.waiting.length + 1 === gathering.count;
    if (!isLast) await new Promise<void>((resolve) => gathering.waiting.push(resolve));
    else {
      this.#gathering = undefined;
      for (const go of gathering.waiting) go();
    }
    return gathering.losers;
  }

  #answer(request: S3Request, fault: S3Fault | undefined, losers: Gathering["losers"] | undefined): S3Reply {
    const isInstead = fault !== undefined && /^(answer|reset|hang|web-page)$/.test(fault.kind);
    const injected =
      fault?.kind === "answer"
        ? codedReply(fault.status ?? 503, fault.code ?? "SlowDown", fault.headers)
        : { status: 200 };
    if (isInstead && fault.afterEffect !== true) return injected;
    const reply = this.#carryOut(request, fault?.kind === "ignore-conditions");
    if (isInstead) return injected;
    return reply.status === 412 && losers === "409" ? errorReply("ConditionalRequestConflict") : reply;
  }

  #carryOut(request: S3Request, ignoresConditions: boolean): S3Reply {
    const shelf = this.#shelves.get(request.bucket);
    if (shelf === undefined) return errorReply("NoSuchBucket");
    const { region, verify = true } = this.#options;
    const signedFor = /Credential=[^/]+\/\d+\/([^/]+)\//.exec(request.headers["authorization"] ?? "")?.[1];
    if (region !== undefined && signedFor !== region)
      return errorReply("PermanentRedirect", { "x-amz-bucket-region": region });
    const refusal = verify && request.body.length > 0 ? refusalOfBody(request) : undefined;
    if (refusal !== undefined) return refusal;
    switch (request.kind) {
      case "put":
        return putObject(shelf, request, this.#wallTime, ignoresConditions);
      case "get":
      case "head":
        return getObject(shelf, request);
      case "delete":
        return deleteObject(shelf, request);
      case "list":
        return listObjects(shelf, request);
      case "create-upload":
        return createUpload(shelf, request, this.#wallTime);
      case "upload-part":
        return uploadPart(shelf, request);
      case "complete-upload":
        return completeUpload(shelf, request, this.#wallTime, ignoresConditions);
      case "abort-upload":
        return abortUpload(shelf, request);
      case "list-uploads":
        return listUploads(shelf, request);
      case "head-bucket":
        return { status: 200, headers: { "x-amz-bucket-region": region ?? "us-east-1" } };
      case "unknown":
        return errorReply("NotImplemented");
      default:
        return request.kind satisfies never;
    }
  }
}

/** Starts a fake S3 and waits until it listens. Close it when it is not needed any more. */
export async function startS3Fake(options: S3FakeOptions = {}): Promise<S3Fake> {
  const fake = new S3Fake(options);
  await fake.listen();
  return fake;
}

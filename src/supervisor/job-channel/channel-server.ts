import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { type IncomingMessage, type RequestListener, type Server, createServer } from "node:http";
import type { ListenOptions } from "node:net";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { SpotproofError, reasonOf, systemErrorCode } from "../../base/index.ts";
import type { Progress } from "../../job/index.ts";
import type { SaveEnd } from "../save-queue.ts";

/** What the job channel answers with. Implemented by the supervisor. */
export interface ChannelHandlers {
  /** The announced interruption, or undefined. Whoever is answered counts as told. */
  interruption(): InterruptionAnswer | undefined;
  /** Makes a checkpoint now; resolves when it is durable or has failed. */
  checkpoint(): Promise<SaveEnd>;
  /** Takes a report of progress. */
  progress(progress: Progress): void;
  /** What the attempt is doing, for `GET /`. */
  status(): Readonly<Record<string, unknown>>;
}

/** Like the EC2 metadata item `spot/instance-action`, with what we know beyond it. */
export interface InterruptionAnswer {
  readonly action: string;
  /** UTC, ISO 8601 without milliseconds; by this machine's wall clock, from the deadline that is really kept. */
  readonly time: string;
  readonly remainingMs: number;
  readonly source: string;
  readonly cause: string;
}

/** Where the channel can be reached. */
export interface JobChannel {
  /** The unix socket, for `curl --unix-socket`. */
  readonly socketPath: string;
  /** Only with a port: an address on loopback whose path holds a secret. */
  readonly url?: string | undefined;
  close(): Promise<void>;
}

/** What `openJobChannel` takes. */
export interface JobChannelOptions {
  readonly handlers: ChannelHandlers;
  /** Where the folder of the socket is made; readable by this user only. */
  readonly temporaryFolder: string;
  /** Listen on this port of 127.0.0.1 too; 0 = any free one. */
  readonly port?: number | undefined;
}

/** The longest path of a unix socket: 108 bytes with the final zero on Linux, 104 on macOS. */
const LONGEST_SOCKET_PATH = 103;

/** A report of progress is some hundred bytes. */
const LONGEST_BODY_BYTES = 64 * 1024;

/** A request must have arrived whole within this time; answers may take longer. */
const REQUEST_LIMIT_MS = 10_000;

/**
 * Opens the job channel: HTTP on a unix socket, and on a port of loopback when asked. docs/job-channel.md describes it.
 * @throws SpotproofError `port-unavailable`, `temporary-folder-unusable`
 */
export async function openJobChannel(options: JobChannelOptions): Promise<JobChannel> {
  const secret = randomBytes(16).toString("hex");
  const folder = await makeSocketFolder(options.temporaryFolder);
  const socketPath = join(folder, "job.sock");
  const servers: Server[] = [];
  const listen = async (basePath: string, where: ListenOptions): Promise<Server> => {
    const server = createServer(answerWith(options.handlers, basePath));
    server.requestTimeout = REQUEST_LIMIT_MS;
    await listening(server, where);
    servers.push(server);
    // The channel alone must not keep a finished run alive.
    server.unref();
    return server;
  };
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
    // Not by the threads of file calls, which a store that hangs may hold: this is on the way out.
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await listen("", { path: socketPath });
    if (options.port === undefined) return { socketPath, close };
    const server = await listen(`/${secret}`, { port: options.port, host: "127.0.0.1" });
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : options.port;
    return { socketPath, url: `http://127.0.0.1:${port}/${secret}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A TMPDIR that does not exist here, is full or is read-only must not keep a job from running. */
async function makeSocketFolder(temporaryFolder: string): Promise<string> {
  const places = [temporaryFolder, "/tmp", "/dev/shm"].filter(
    (place) => Buffer.byteLength(join(place, "spotproof-XXXXXX", "job.sock")) <= LONGEST_SOCKET_PATH,
  );
  const reasons: string[] = [];
  for (const place of places) {
    try {
      return await mkdtemp(join(place, "spotproof-"));
    } catch (error) {
      reasons.push(reasonOf(error));
    }
  }
  throw new SpotproofError(
    "temporary-folder-unusable",
    `There is no place for the socket of the job channel: ${reasons.join("; ")}.`,
  );
}

function listening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const place = where.path ?? `${where.host}:${where.port}`;
      const code = systemErrorCode(error);
      const isTaken = code === "EADDRINUSE" || code === "EACCES";
      reject(
        isTaken
          ? new SpotproofError("port-unavailable", `${place}: ${error.message}`, { cause: error })
          : error,
      );
    });
    server.listen(where, () => resolve());
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** What is sent back: a status, and an object as JSON, a text, or nothing. */
interface Answer {
  readonly status: number;
  readonly body?: object | string;
}

function answerWith(handlers: ChannelHandlers, basePath: string): RequestListener {
  return (request, response) => {
    void answer(handlers, basePath, request)
      .catch(
        (error: unknown): Answer => ({ status: 500, body: { error: "internal", message: reasonOf(error) } }),
      )
      .then(({ status, body }) => {
        const isText = typeof body === "string";
        response.writeHead(
          status,
          body === undefined ? {} : { "content-type": isText ? "text/plain" : "application/json" },
        );
        response.end(isText || body === undefined ? body : JSON.stringify(body));
      });
  };
}

async function answer(
  handlers: ChannelHandlers,
  basePath: string,
  request: IncomingMessage,
): Promise<Answer> {
  const [pathname = "/"] = (request.url ?? "/").split("?");
  const path = pathname.startsWith(basePath) ? pathname.slice(basePath.length) : "unknown";
  switch (`${request.method} ${path === "" ? "/" : path}`) {
    case "GET /":
      return { status: 200, body: handlers.status() };
    case "GET /interruption": {
      const interruption = handlers.interruption();
      return interruption === undefined
        ? { status: 404, body: "no interruption is announced\n" }
        : { status: 200, body: interruption };
    }
    case "POST /checkpoint":
      return answerToSave(await handlers.checkpoint());
    case "POST /progress": {
      const body = await readBody(request);
      if (body === undefined) return badRequest(413, `The body is longer than ${LONGEST_BODY_BYTES} bytes.`);
      const progress = readProgress(body);
      if (typeof progress === "string") return badRequest(400, progress);
      handlers.progress(progress);
      return { status: 204 };
    }
    default:
      return badRequest(
        404,
        "The job channel knows GET /, GET /interruption, POST /checkpoint and POST /progress.",
      );
  }
}

function badRequest(status: number, message: string): Answer {
  return { status, body: { error: "bad-usage", message } };
}

function answerToSave(end: SaveEnd): Answer {
  switch (end.kind) {
    case "saved": {
      const { id, pausedMs } = end.checkpoint;
      return { status: 200, body: { checkpoint: id, durable: true, pausedMs: Math.round(pausedMs) } };
    }
    case "fenced-out":
      return {
        status: 409,
        body: { error: "fenced-out", message: "A later attempt has taken over this job." },
      };
    case "aborted":
      return { status: 503, body: { error: "aborted", message: "The time was over before the save was." } };
    case "failed": {
      const { code, message, entry } = end.error;
      return { status: 503, body: { error: code, message, advice: entry.advice } };
    }
    default:
      return end satisfies never;
  }
}

/** The whole body as text; undefined when it is too long, which is read to its end so that the answer arrives. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes <= LONGEST_BODY_BYTES) pieces.push(piece);
  }
  return bytes <= LONGEST_BODY_BYTES ? Buffer.concat(pieces).toString("utf8") : undefined;
}

/** Reads the body of `POST /progress`; a text says what is wrong with it. */
export function readProgress(body: string): Progress | string {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (error) {
    return `The body is not JSON (${reasonOf(error)}). Send {"done": 40, "total": 100}.`;
  }
  if (typeof value !== "object" || value === null) return 'Send an object: {"done": 40, "total": 100}.';
  const { done, total, unit } = value as Readonly<Record<string, unknown>>;
  if (!isAmount(done)) return '"done" must be a number of at least 0.';
  if (total !== undefined && !isAmount(total)) return '"total" must be a number of at least 0, or absent.';
  if (unit !== undefined && (typeof unit !== "string" || unit.length > 40))
    return '"unit" must be a text of at most 40 characters, or absent.';
  return { done, ...(total === undefined ? {} : { total }), ...(unit === undefined ? {} : { unit }) };
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

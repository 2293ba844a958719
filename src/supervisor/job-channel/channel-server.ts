import { mkdtemp, rm } from "node:fs/promises";
import type { Server } from "node:http";
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

/**
 * Opens the job channel: HTTP on a unix socket, and on a port of loopback when asked. docs/job-channel.md describes it.
 * @throws SpotproofError `port-unavailable`
 */
export async function openJobChannel(options: JobChannelOptions): Promise<JobChannel> {
  const { createAdaptorServer } = await import("@hono/node-server");
  const secret = randomBytes(16).toString("hex");
  const folder = await makeSocketFolder(options.temporaryFolder);
  const socketPath = join(folder, "job.sock");
  const servers: Server[] = [];
  const listen = async (
    basePath: string,
    where: { path: string } | { port: number; host: string },
  ): Promise<Server> => {
    const app = await createChannelApp(options.handlers, basePath);
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    await listening(server, where);
    servers.push(server);
    // The channel alone must not keep a finished run alive.
    server.unref();
    return server;
  };
  const close = async (): Promise<void> => {
    await Promise.all(servers.map(closeServer));
    await rm(folder, { recursive: true, force: true });
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

async function makeSocketFolder(temporaryFolder: string): Promise<string> {
  const wanted = join(temporaryFolder, "spotproof-XXXXXX", "job.sock");
  return mkdtemp(
    join(Buffer.byteLength(wanted) > LONGEST_SOCKET_PATH ? "/tmp" : temporaryFolder, "spotproof-"),
  );
}

function listening(server: Server, where: { path: string } | { port: number; host: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const place = "path" in where ? where.path : `${where.host}:${where.port}`;
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

async function createChannelApp(handlers: ChannelHandlers, basePath: string) {
  const { Hono } = await import("hono");
  const app = new Hono().basePath(basePath === "" ? "/" : basePath);
  app.get("/", (context) => context.json(handlers.status()));
  app.get("/interruption", (context) => {
    const interruption = handlers.interruption();
    return interruption === undefined
      ? context.text("no interruption is announced\n", 404)
      : context.json(interruption);
  });
  app.post("/checkpoint", async (context) => {
    const end = await handlers.checkpoint();
    switch (end.kind) {
      case "saved":
        return context.json({
          checkpoint: end.checkpoint.id,
          durable: true,
          pausedMs: Math.round(end.checkpoint.pausedMs),
        });
      case "fenced-out":
        return context.json(
          { error: "fenced-out", message: "A later attempt has taken over this job." },
          409,
        );
      case "aborted":
        return context.json({ error: "aborted", message: "The time was over before the save was." }, 503);
      case "failed":
        return context.json(
          { error: end.error.code, message: end.error.message, advice: end.error.entry.advice },
          503,
        );
      default:
        return end satisfies never;
    }
  });
  app.post("/progress", async (context) => {
    const progress = readProgress(await context.req.text());
    if (typeof progress === "string") return context.json({ error: "bad-usage", message: progress }, 400);
    handlers.progress(progress);
    return context.body(null, 204);
  });
  app.notFound((context) =>
    context.json(
      {
        error: "bad-usage",
        message: "The job channel knows GET /, GET /interruption, POST /checkpoint and POST /progress.",
      },
      404,
    ),
  );
  app.onError((error, context) => context.json({ error: "internal", message: error.message }, 500));
  return app;
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

import { type Agent, type IncomingMessage, request } from "node:http";
import { type Clock, type MonotonicMs, reasonOf, systemErrorCode } from "../../base/index.ts";

/** One request to the metadata service. */
export interface ExchangeRequest {
  readonly method: "GET" | "PUT";
  /** The whole address; its host may be an IPv6 literal. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For the whole exchange, from now to the last byte of the body. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Why there was no usable reply. */
export type ExchangeTrouble =
  /** Nothing, or not everything, came within the time. */
  | "timeout"
  /** Nobody listens there, or there is no way there. */
  | "unreachable"
  /** The connection broke, or what came was not HTTP. */
  | "protocol"
  /** The body is longer than any metadata item. */
  | "too-large"
  /** The caller's signal aborted. */
  | "aborted";

/** How an exchange ends. It never throws. */
export type Exchange =
  | {
      readonly kind: "replied";
      readonly status: number;
      readonly headers: IncomingMessage["headers"];
      readonly body: string;
      readonly sentAtMs: MonotonicMs;
      readonly receivedAtMs: MonotonicMs;
    }
  | { readonly kind: "trouble"; readonly what: ExchangeTrouble; readonly detail: string };

const LARGEST_BODY_BYTES = 64 * 1024;

/** Errors of the operating system that mean: no connection came about. */
const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ENETDOWN",
  "EADDRNOTAVAIL",
  "EAFNOSUPPORT",
  "EACCES",
  "EPERM",
  "ENOTFOUND",
  "EAI_AGAIN",
]);

/**
 * Sends one request and reads the whole reply, up to 64 KiB, within the time. Follows no redirect and uses no proxy.
 * A kept connection that the other side closed in the meantime is replaced once.
 */
export async function exchange(agent: Agent, clock: Clock, wanted: ExchangeRequest): Promise<Exchange> {
  const first = await attempt(agent, clock, wanted);
  if (!first.staleConnection) return first.result;
  return (await attempt(agent, clock, wanted)).result;
}

interface Attempted {
  readonly result: Exchange;
  readonly staleConnection: boolean;
}

function attempt(agent: Agent, clock: Clock, wanted: ExchangeRequest): Promise<Attempted> {
  if (wanted.signal?.aborted === true) {
    return Promise.resolve({ result: trouble("aborted", "given up"), staleConnection: false });
  }
  return new Promise((resolve) => {
    const sentAtMs = clock.now();
    const url = new URL(wanted.url);
    const outgoing = request({
      agent,
      method: wanted.method,
      // Node wants IPv6 literals without the brackets that addresses have around them.
      hostname: url.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: url.port === "" ? 80 : Number(url.port),
      path: url.pathname,
      headers: { ...wanted.headers, ...(wanted.method === "PUT" ? { "content-length": "0" } : {}) },
    });
    let hasReply = false;
    const settle = (result: Exchange, staleConnection = false): void => {
      timer.cancel();
      wanted.signal?.removeEventListener("abort", abort);
      outgoing.destroy();
      resolve({ result, staleConnection });
    };
    const abort = (): void => settle(trouble("aborted", "given up"));
    const timer = clock.after(wanted.timeoutMs, () =>
      settle(trouble("timeout", `no complete reply within ${wanted.timeoutMs} ms`)),
    );
    wanted.signal?.addEventListener("abort", abort, { once: true });
    outgoing.on("error", (error) => settle(troubleOf(error), outgoing.reusedSocket && !hasReply));
    outgoing.on("response", (reply) => {
      hasReply = true;
      readBody(reply, (body) => {
        if (typeof body !== "string") return settle(body);
        timer.cancel();
        wanted.signal?.removeEventListener("abort", abort);
        const { statusCode = 0, headers } = reply;
        const result: Exchange = {
          kind: "replied",
          status: statusCode,
          headers,
          body,
          sentAtMs,
          receivedAtMs: clock.now(),
        };
        // Not destroyed: the connection goes back to the agent for the next request.
        resolve({ result, staleConnection: false });
      });
    });
    outgoing.end();
  });
}

function readBody(reply: IncomingMessage, done: (body: string | Exchange) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  reply.on("data", (part: Buffer) => {
    bytes += part.length;
    if (bytes <= LARGEST_BODY_BYTES) parts.push(part);
    else done(trouble("too-large", `the body is longer than ${LARGEST_BODY_BYTES} bytes`));
  });
  reply.on("end", () => done(Buffer.concat(parts).toString("utf8")));
  reply.on("error", (error) => done(troubleOf(error)));
}

function troubleOf(error: Error): Exchange {
  const code = systemErrorCode(error) ?? "";
  if (code === "ETIMEDOUT") return trouble("timeout", reasonOf(error));
  return trouble(UNREACHABLE.has(code) ? "unreachable" : "protocol", reasonOf(error));
}

function trouble(what: ExchangeTrouble, detail: string): Exchange {
  return { kind: "trouble", what, detail };
}

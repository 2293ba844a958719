import type { IncomingMessage } from "node:http";
import type { Clock, MonotonicMs } from "../../base/index.ts";
import type { ServiceRequest } from "./service-message.ts";

/** One request that arrived. */
export interface MockRequest {
  readonly method: string;
  readonly path: string;
  /** The token that it carried, where the cloud has tokens. */
  readonly token: string | undefined;
  /** Undefined when no status was sent: never, or not yet. */
  readonly status: number | undefined;
  readonly atMs: MonotonicMs;
}

const MOST_KEPT = 1000;
/** Longer bodies are cut: no service of ours takes one. */
const MOST_BODY_BYTES = 64 * 1024;

/** The requests that arrived. */
export class RequestLog {
  /** The last thousand. */
  readonly newest: MockRequest[] = [];
  /** All of them. */
  count = 0;
  readonly #clock: Clock;
  readonly #tokenHeader: string | undefined;

  constructor(clock: Clock, tokenHeader: string | undefined) {
    this.#clock = clock;
    this.#tokenHeader = tokenHeader;
  }

  /** Gives the entry, to which the status is still to be added. */
  add({ method, path, headers }: ServiceRequest): { status: number | undefined } {
    const token = this.#tokenHeader === undefined ? undefined : headers[this.#tokenHeader]?.toString();
    const entry = { method, path, token, status: undefined, atMs: this.#clock.now() };
    this.newest.push(entry);
    this.count += 1;
    if (this.newest.length > MOST_KEPT) this.newest.shift();
    return entry;
  }
}

/** Reads a request; its body only when it is a POST, whose body is what it asks for. */
export async function readRequest(request: IncomingMessage): Promise<ServiceRequest> {
  const { method = "GET", url = "/", headers } = request;
  const [, path = "/", search = ""] = /^([^?#]*)(\?[^#]*)?/.exec(url) ?? [];
  const body = method === "POST" ? await readBody(request) : "";
  return { method, path: decoded(path), query: new URLSearchParams(search), headers, body };
}

/** A path that is no percent encoding stays as it is: no item is called so. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (error) {
    if (error instanceof URIError) return path;
    throw error;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= MOST_BODY_BYTES) parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

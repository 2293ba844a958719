import { Agent } from "node:http";
import { type Clock, type MonotonicMs } from "../../base/index.ts";
import { type Exchange, exchange, type ExchangeTrouble } from "./http-exchange.ts";
import type { Ec2MetadataSettings } from "./settings.ts";

/** What `createEc2MetadataClient` needs. */
export interface Ec2MetadataClientOptions {
  readonly settings: Ec2MetadataSettings;
  readonly clock: Clock;
  /** For one exchange, token or item, in ms. Default 1000, as in the AWS SDKs. */
  readonly requestTimeoutMs?: number | undefined;
}

/** Why no token could be had, when that is the root of a trouble (D02). */
type TokenTrouble =
  /** The token request got no answer: typical of a container behind a hop limit of 1. */
  | "timeout"
  /** The token request was refused with 403, 404 or 405. */
  | "refused";

/** How reading one item ends. */
export type MetadataReply =
  | {
      readonly kind: "ok";
      readonly body: string;
      /** The service's own clock, from the `Date` header of this reply, in ms since 1970; absent when unreadable. */
      readonly serverDateMs?: number | undefined;
      readonly sentAtMs: MonotonicMs;
      readonly receivedAtMs: MonotonicMs;
      /** `v1`: answered without a token. */
      readonly protocol: "v1" | "v2";
    }
  /** 404: the normal answer when there is nothing to say (D05). */
  | { readonly kind: "absent" }
  /** 401 that a fresh token did not cure, or 403. */
  | { readonly kind: "refused"; readonly status: number; readonly tokenTrouble?: TokenTrouble | undefined }
  | {
      readonly kind: "trouble";
      readonly what: ExchangeTrouble | "status" | "token";
      readonly status?: number | undefined;
      readonly detail: string;
      readonly tokenTrouble?: TokenTrouble | undefined;
    };

/** Reads items of the EC2 metadata service. Knows tokens; knows nothing of what the items mean. */
export interface Ec2MetadataClient {
  /** `path` is everything after the endpoint, such as `/latest/meta-data/instance-id`. Never throws. */
  get(path: string, signal?: AbortSignal): Promise<MetadataReply>;
  /** What the last token request came to; undefined while tokens work. */
  readonly tokenTrouble: TokenTrouble | undefined;
  /** Closes every connection. */
  close(): void;
}

/** The longest life that the service grants a token, in seconds. */
const TOKEN_TTL_S = 21_600;
/** A token is replaced when less than this is left of its life. */
const TOKEN_MARGIN_MS = 60_000;
const TOKEN_PATH = "/latest/api/token";
const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN_HEADER = "x-aws-ec2-metadata-token";

/**
 * A client for one endpoint: IMDSv2 first; IMDSv1 where the settings allow it and the token request is refused with
 * 403, 404 or 405 or gets no answer, as the AWS SDKs do. A 401 fetches a new token and repeats the request once (D01).
 */
export function createEc2MetadataClient(options: Ec2MetadataClientOptions): Ec2MetadataClient {
  return new Client(options);
}

interface Token {
  readonly value: string;
  readonly renewAtMs: MonotonicMs;
}

/** Either a way to ask, or the reply that says why there is none. */
type Access =
  | { readonly kind: "token"; readonly token: Token }
  | { readonly kind: "no-token" }
  | { readonly kind: "denied"; readonly reply: MetadataReply };

class Client implements Ec2MetadataClient {
  tokenTrouble: TokenTrouble | undefined;
  readonly #options: Ec2MetadataClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 2 });
  #token: Token | undefined;
  #worksWithoutToken = false;

  constructor(options: Ec2MetadataClientOptions) {
    this.#options = options;
  }

  async get(path: string, signal?: AbortSignal): Promise<MetadataReply> {
    const access = await this.#access(signal);
    if (access.kind === "denied") return access.reply;
    const first = await this.#read(path, access, signal);
    if (first.kind !== "refused" || first.status !== 401) return first;
    this.#token = undefined;
    this.#worksWithoutToken = false;
    // Without a token, and having just failed to get one, asking for it again would only double the wait.
    if (access.kind === "no-token" && this.tokenTrouble === "timeout") return first;
    const renewed = await this.#access(signal);
    if (renewed.kind === "denied") return renewed.reply;
    return this.#read(path, renewed, signal);
  }

  close(): void {
    this.#agent.destroy();
  }

  async #access(signal: AbortSignal | undefined): Promise<Access> {
    if (this.#worksWithoutToken) return { kind: "no-token" };
    if (this.#token !== undefined && this.#options.clock.now() < this.#token.renewAtMs) {
      return { kind: "token", token: this.#token };
    }
    const got = await this.#exchange("PUT", TOKEN_PATH, { [TTL_HEADER]: String(TOKEN_TTL_S) }, signal);
    const token = this.#tokenOf(got);
    if (token !== undefined) {
      this.#token = token;
      this.tokenTrouble = undefined;
      return { kind: "token", token };
    }
    this.tokenTrouble = tokenTroubleOf(got);
    if (this.tokenTrouble !== undefined && this.#options.settings.v1Allowed) return { kind: "no-token" };
    return { kind: "denied", reply: deniedReply(got, this.tokenTrouble) };
  }

  async #read(
    path: string,
    access: Exclude<Access, { kind: "denied" }>,
    signal?: AbortSignal,
  ): Promise<MetadataReply> {
    const headers: Record<string, string> =
      access.kind === "token" ? { [TOKEN_HEADER]: access.token.value } : {};
    const got = await this.#exchange("GET", path, headers, signal);
    const { tokenTrouble } = this;
    if (got.kind === "trouble") return { ...got, tokenTrouble };
    const { status } = got;
    if (access.kind === "no-token" && status !== 401 && status < 500) this.#worksWithoutToken = true;
    if (status === 404) return { kind: "absent" };
    if (status === 401 || status === 403) return { kind: "refused", status, tokenTrouble };
    if (status !== 200) {
      return {
        kind: "trouble",
        what: "status",
        status,
        detail: `it answered with status ${status}`,
        tokenTrouble,
      };
    }
    return {
      kind: "ok",
      body: got.body,
      serverDateMs: readDate(got.headers.date),
      sentAtMs: got.sentAtMs,
      receivedAtMs: got.receivedAtMs,
      protocol: access.kind === "token" ? "v2" : "v1",
    };
  }

  #exchange(
    method: "GET" | "PUT",
    path: string,
    headers: Record<string, string>,
    signal?: AbortSignal,
  ): Promise<Exchange> {
    const { clock, settings, requestTimeoutMs = 1000 } = this.#options;
    const url = `${settings.endpoint}${path}`;
    return exchange(this.#agent, clock, { method, url, headers, timeoutMs: requestTimeoutMs, signal });
  }

  #tokenOf(got: Exchange): Token | undefined {
    if (got.kind !== "replied" || got.status !== 200) return undefined;
    const value = got.body.trim();
    // Anything else would be a web page, or would not fit into a header.
    if (!/^[\x21-\x7e]{1,1024}$/.test(value)) return undefined;
    const granted = Number(got.headers[TTL_HEADER] ?? TOKEN_TTL_S);
    const lifeMs = (Number.isFinite(granted) && granted > 0 ? granted : TOKEN_TTL_S) * 1000;
    // A token with a short life is used for half of it, so that no margin eats it up.
    return { value, renewAtMs: got.sentAtMs + Math.max(lifeMs - TOKEN_MARGIN_MS, lifeMs / 2) };
  }
}

function tokenTroubleOf(got: Exchange): TokenTrouble | undefined {
  if (got.kind === "trouble") return got.what === "timeout" ? "timeout" : undefined;
  return got.status === 403 || got.status === 404 || got.status === 405 ? "refused" : undefined;
}

function deniedReply(got: Exchange, tokenTrouble: TokenTrouble | undefined): MetadataReply {
  if (got.kind === "trouble") return { ...got, detail: `the token request: ${got.detail}`, tokenTrouble };
  const { status } = got;
  if (status === 401 || status === 403) return { kind: "refused", status, tokenTrouble };
  if (status === 200) {
    return { kind: "trouble", what: "token", status, detail: "what it gave as a token cannot be one" };
  }
  return {
    kind: "trouble",
    what: "status",
    status,
    detail: `the token request was answered with status ${status}`,
    tokenTrouble,
  };
}

function readDate(header: string | undefined): number | undefined {
  const ms = header === undefined ? Number.NaN : Date.parse(header);
  return Number.isNaN(ms) ? undefined : ms;
}

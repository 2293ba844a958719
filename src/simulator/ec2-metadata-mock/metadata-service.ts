import type { Clock } from "../../base/index.ts";
import type { Announcements } from "./announcements.ts";
import { fixedItems, listing, type MockInstance } from "./metadata-items.ts";
import type { MockTokens } from "./tokens.ts";

/** One request to the service. */
export interface ServiceRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What the service answers. */
export interface ServiceReply {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** What the service knows and demands. */
export interface ServiceParts {
  readonly instance: MockInstance;
  readonly clock: Clock;
  readonly announcements: Announcements;
  readonly tokens: MockTokens;
  readonly imdsv2: "required" | "optional";
}

const VERSIONS = ["1.0", "2016-09-02", "2021-03-23", "2024-04-11", "latest"] as const;
const TOKEN_HEADER = "x-aws-ec2-metadata-token";
const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";

/** Answers as the EC2 metadata service does: EC2 user guide, "Use IMDS". */
export function createMetadataService(parts: ServiceParts): (request: ServiceRequest) => ServiceReply {
  const fixed = fixedItems(parts.instance, parts.clock);
  return (request) => {
    const [, version = "", path = ""] = /^\/([^/]*)\/?(.*)$/.exec(request.path) ?? [];
    if (path === "api/token") return tokenReply(parts.tokens, request, version);
    if (request.method !== "GET" && request.method !== "HEAD") return empty(405);
    const token = request.headers[TOKEN_HEADER];
    if (token === undefined ? parts.imdsv2 === "required" : !parts.tokens.isValid(String(token)))
      return empty(401);
    if (version === "") return ok(VERSIONS.join("\n"));
    if (!VERSIONS.some((known) => known === version)) return empty(404);
    const items = new Map([...fixed, ...parts.announcements.items()]);
    const body = items.get(path) ?? listing(items.keys(), path);
    return body === undefined ? empty(404) : ok(body);
  };
}

function tokenReply(tokens: MockTokens, { method, headers }: ServiceRequest, version: string): ServiceReply {
  if (method !== "PUT") return { ...empty(405), headers: { allow: "PUT" } };
  // Only `latest` gives tokens, and never to somebody who was forwarded.
  if (version !== "latest" || headers["x-forwarded-for"] !== undefined) return empty(403);
  const issued = tokens.issue(headers[TTL_HEADER]?.toString());
  if (issued === undefined) return empty(400);
  return { ...ok(issued.token), headers: { [TTL_HEADER]: String(issued.ttlS) } };
}

function ok(body: string): ServiceReply {
  return { status: 200, body };
}

function empty(status: number): ServiceReply {
  return { status, body: "" };
}

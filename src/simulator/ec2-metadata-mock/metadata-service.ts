import { ok, type ServiceReply, type ServiceRequest } from "../metadata-mock/service-message.ts";
import type { Announcements } from "./announcements.ts";
import { listing, type MockInstance, tagItems } from "./instance-items.ts";
import type { MockMetadataOptions } from "./metadata-options.ts";
import { roleItems } from "./role-items.ts";
import type { MockTokens } from "./tokens.ts";

/** What the service knows and demands. */
export interface ServiceParts {
  readonly instance: MockInstance;
  /** Items that never change, by path below `/latest/`. */
  readonly fixed: ReadonlyMap<string, string>;
  readonly announcements: Announcements;
  readonly tokens: MockTokens;
  readonly options: MockMetadataOptions;
  /** The service's clock. */
  readonly wallTime: number;
}

/** The versions that the real service lists. */
const VERSIONS: readonly string[] = `
  1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04
  2011-01-01 2011-05-01 2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30
  2016-09-02 2018-03-28 2018-08-17 2018-09-24 2019-10-01 2020-10-27 2021-01-03 2021-03-23
  2021-07-15 2022-09-24 2024-04-11 latest`
  .trim()
  .split(/\s+/);
export const TOKEN_HEADER = "x-aws-ec2-metadata-token";
const TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";

/** Answers as the EC2 metadata service does: EC2 user guide, "Use IMDS". */
export function answerEc2(request: ServiceRequest, parts: ServiceParts): ServiceReply {
  const { options, tokens } = parts;
  // The AWS SDK's own metadata client asks for `//latest/…`, and gets it.
  const [, version = "", path = ""] = /^\/([^/]*)\/?(.*)$/.exec(request.path.replace(/\/{2,}/g, "/")) ?? [];
  if (options.httpEndpoint === "disabled") return refusal(403);
  if (path === "api/token") return tokenReply(request, version, parts);
  if (request.method !== "GET" && request.method !== "HEAD") return notAllowed("GET, HEAD");
  const token = request.headers[TOKEN_HEADER];
  const isRefused =
    token === undefined ? options.httpTokens === "required" : !tokens.isValid(token.toString());
  if (isRefused) return refusal(401);
  if (version === "") return ok(VERSIONS.join("\n"));
  return VERSIONS.includes(version) ? itemReply(path, parts) : refusal(404);
}

function itemReply(path: string, parts: ServiceParts): ServiceReply {
  const { instance, announcements, options } = parts;
  const items = new Map([
    ...parts.fixed,
    ...(instance.role === undefined ? [] : roleItems(instance.role, parts.wallTime)),
    ...(options.instanceMetadataTags === "enabled" ? tagItems(instance.tags) : []),
    ...announcements.items(),
  ]);
  // Many scripts ask for `…/instance-id/`, and get it.
  const item = path.replace(/\/$/, "");
  const words = items.get(item);
  if (words !== undefined) {
    const announcement = announcements.at(item);
    return ok(words, { carries: announcement === undefined ? [] : [announcement] });
  }
  const names = listing(items.keys(), path);
  return names === undefined ? refusal(404) : ok(names);
}

function tokenReply(
  { method, headers }: ServiceRequest,
  version: string,
  { tokens, options }: ServiceParts,
): ServiceReply {
  if (method !== "PUT") return notAllowed("OPTIONS, PUT");
  // Only `latest` gives tokens, and never to somebody who was forwarded.
  if (version !== "latest" || headers["x-forwarded-for"] !== undefined) return refusal(403);
  const issued = tokens.issue(headers[TTL_HEADER]?.toString());
  if (issued === undefined) return refusal(400);
  // The reply leaves with the hop limit as its IP time to live: further away nothing arrives, not even a refusal.
  const isLost = options.clientHops > options.httpPutResponseHopLimit;
  return ok(issued.token, { headers: { [TTL_HEADER]: String(issued.ttlS) }, isLost });
}

function notAllowed(allow: string): ServiceReply {
  return { status: 405, body: "", headers: { allow } };
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
};

/** The page with which the real service refuses. Clients that log the body of a 404 show it. */
function refusal(status: number): ServiceReply {
  const title = `${status} - ${TITLES[status]}`;
  const body = `<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
\t"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>${title}</title>
 </head>
 <body>
  <h1>${title}</h1>
 </body>
</html>
`;
  return { status, body, headers: { "content-type": "text/html" } };
}

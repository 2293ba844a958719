import { ok, type ServiceReply, type ServiceRequest } from "../metadata-mock/service-message.ts";
import { documentAt, type DocumentNode } from "./instance-document.ts";
import type { ScheduledEvents } from "./scheduled-events.ts";

/** Versions of the instance endpoint, the newest first. */
const INSTANCE_VERSIONS: readonly string[] = `
  2025-04-07 2024-07-17 2024-03-15 2023-11-15 2023-07-01 2021-12-13 2021-11-15 2021-11-01
  2021-10-01 2021-08-01 2021-05-01 2021-03-01 2021-02-01 2021-01-01 2020-12-01 2020-10-01
  2020-09-01 2020-07-15 2020-06-01 2019-11-01 2019-08-15 2019-08-01 2019-06-04 2019-06-01
  2019-04-30 2019-03-11 2019-02-01 2018-10-01 2018-04-02 2018-02-01 2017-12-01 2017-10-01
  2017-08-01 2017-04-02`
  .trim()
  .split(/\s+/);

/** Versions of the scheduled events, the newest first. */
const EVENT_VERSIONS: readonly string[] = `
  2020-07-01 2019-08-01 2019-04-01 2019-01-01 2017-11-01 2017-08-01`
  .trim()
  .split(/\s+/);

/** What the service knows. */
export interface AzureServiceParts {
  readonly document: DocumentNode;
  readonly events: ScheduledEvents;
  /** Told which event a client lets start early. */
  readonly acknowledge: (eventId: string) => void;
}

/** Whether a request asks for the scheduled events, which must be switched on first. */
export function asksForEvents({ path }: ServiceRequest): boolean {
  return withoutSlash(path) === "/metadata/scheduledevents";
}

/** Answers as Azure's metadata service does: Microsoft Learn, "Azure Instance Metadata Service" and "Scheduled Events". */
export function answerAzure(request: ServiceRequest, parts: AzureServiceParts): ServiceReply {
  const { method, query, headers } = request;
  const path = withoutSlash(request.path);
  if (headers["metadata"]?.toString().toLowerCase() !== "true") {
    return refusal(400, "Bad request. Required metadata header not specified");
  }
  if (headers["x-forwarded-for"] !== undefined) {
    return refusal(400, "Bad request. Request must not contain the header X-Forwarded-For");
  }
  const twice = [...new Set(query.keys())].find((name) => query.getAll(name).length > 1);
  if (twice !== undefined) return refusal(400, `Bad request. Query parameter ${twice} is there twice`);
  if (path === "/metadata/versions") {
    return method === "GET" ? json({ apiVersions: [...INSTANCE_VERSIONS].reverse() }) : notAllowed();
  }
  if (path === "/metadata/scheduledevents") return eventsReply(request, parts);
  if (path !== "/metadata/instance" && !path.startsWith("/metadata/instance/"))
    return refusal(404, "Not found");
  if (method !== "GET") return notAllowed();
  const wrongVersion = versionRefusal(query, INSTANCE_VERSIONS);
  return wrongVersion ?? instanceReply(path.split("/").slice(3), query, parts.document);
}

function eventsReply(request: ServiceRequest, parts: AzureServiceParts): ServiceReply {
  const { method, query, body } = request;
  const wrongVersion = versionRefusal(query, EVENT_VERSIONS);
  if (wrongVersion !== undefined) return wrongVersion;
  if (method === "POST") return acknowledgement(body, parts);
  if (method !== "GET") return notAllowed();
  return ok(parts.events.document(query.get("api-version") ?? ""), {
    headers: JSON_TYPE,
    carries: parts.events.announcements(),
  });
}

function acknowledgement(body: string, { events, acknowledge }: AzureServiceParts): ServiceReply {
  const ids = readStartRequests(body);
  if (ids === undefined)
    return refusal(400, 'Bad request. The body is not {"StartRequests":[{"EventId":"…"}]}');
  const unknown = ids.find((id) => !events.has(id));
  if (unknown !== undefined) return refusal(400, `Bad request. There is no event ${unknown}`);
  for (const id of ids) acknowledge(id);
  return ok("");
}

function readStartRequests(body: string): readonly string[] | undefined {
  let said: unknown;
  try {
    said = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const requests = (said as { readonly StartRequests?: unknown } | null)?.StartRequests;
  if (!Array.isArray(requests) || requests.length === 0) return undefined;
  const ids = requests.map((one: { readonly EventId?: unknown } | null) => one?.EventId);
  return ids.every((id) => typeof id === "string") ? ids : undefined;
}

function instanceReply(
  path: readonly string[],
  query: URLSearchParams,
  document: DocumentNode,
): ServiceReply {
  const node = documentAt(document, path);
  if (node === undefined) return refusal(404, "Not found");
  const format = query.get("format") ?? "json";
  if (format !== "json" && format !== "text")
    return refusal(400, "Bad request. format is neither json nor text");
  if (format === "json") {
    // A single value is to be had as text only.
    return typeof node === "string"
      ? refusal(400, "Bad request. A single value needs format=text")
      : json(node);
  }
  return ok(typeof node === "string" ? node : listing(node), {
    headers: { "content-type": "text/plain; charset=utf-8" },
  });
}

function listing(node: Exclude<DocumentNode, string>): string {
  return Object.entries(node)
    .map(([name, child]: [string, DocumentNode]) => (typeof child === "string" ? name : `${name}/`))
    .join("\n");
}

function versionRefusal(query: URLSearchParams, versions: readonly string[]): ServiceReply | undefined {
  if (versions.includes(query.get("api-version") ?? "")) return undefined;
  const error =
    "Bad request. api-version is invalid or was not specified in the request. For more information refer to aka.ms/azureimds";
  return { ...json({ error, "newest-versions": versions.slice(0, 3) }), status: 400 };
}

const JSON_TYPE = { "content-type": "application/json; charset=utf-8" } as const;

function json(value: unknown): ServiceReply {
  return ok(JSON.stringify(value), { headers: JSON_TYPE });
}

function refusal(status: number, error: string): ServiceReply {
  return { ...json({ error }), status };
}

function notAllowed(): ServiceReply {
  return refusal(405, "Method not allowed");
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/$/, "") : path;
}

import type { Clock } from "../../base/index.ts";
import {
  ok,
  type ServiceAnswer,
  type ServiceReply,
  type ServiceRequest,
} from "../metadata-mock/service-message.ts";
import type { MetadataState } from "./metadata-state.ts";
import { folderListing, isFolder, nodeAsJson, nodeAsText } from "./metadata-tree.ts";

/** What every reply carries: the sign by which clients know the server. */
export const FLAVOR = { "metadata-flavor": "Google" } as const;

/**
 * Answers as Google's metadata server does: Compute Engine documentation, "View and query VM metadata".
 * @param authority host and port for redirects of a caller that named none
 */
export function answerGcp(
  request: ServiceRequest,
  parts: { readonly state: MetadataState; readonly clock: Clock; readonly authority: string },
  gone: AbortSignal,
): ServiceAnswer {
  const { method, path, query, headers } = request;
  if (method !== "GET" && method !== "HEAD") return refusal(405, "The request method is inappropriate.");
  if (headers["x-forwarded-for"] !== undefined) {
    return refusal(403, "Requests with X-Forwarded-For are refused.");
  }
  // The root alone is open: clients look there whether this is Google at all.
  if (path !== "/" && headers["metadata-flavor"] !== "Google") {
    return refusal(403, "Missing Metadata-Flavor:Google header.");
  }
  const names = path.split("/").filter((name) => name !== "");
  const node = parts.state.at(names);
  if (node === undefined || (path.endsWith("/") && !isFolder(node))) {
    return refusal(404, `The requested URL ${path} was not found on this server.`);
  }
  if (isFolder(node) && !path.endsWith("/")) return redirectToFolder(request, parts.authority);
  const alt = query.get("alt");
  if (alt !== null && alt !== "json" && alt !== "text") return refusal(400, "alt is neither json nor text.");
  const reply = (): ServiceReply => replyOf(parts.state, names, query);
  if (query.get("wait_for_change") !== "true") return reply();
  const timeout = query.get("timeout_sec");
  if (timeout !== null && !/^\d{1,9}$/.test(timeout)) return refusal(400, "timeout_sec is no whole number.");
  const lastEtag = query.get("last_etag") ?? parts.state.etag(names);
  if (lastEtag !== parts.state.etag(names)) return reply();
  return changeOf(names, parts, timeout === null ? undefined : Number(timeout) * 1000, gone).then(reply);
}

/** Resolves when what lies there changes, when the time is over, or when nobody waits any more. */
function changeOf(
  names: readonly string[],
  { state, clock }: { readonly state: MetadataState; readonly clock: Clock },
  timeoutMs: number | undefined,
  gone: AbortSignal,
): Promise<void> {
  const before = state.etag(names);
  return new Promise((resolve) => {
    const end = (): void => {
      stopLooking();
      timer?.cancel();
      gone.removeEventListener("abort", end);
      resolve();
    };
    const stopLooking = state.onChange(() => {
      if (state.etag(names) !== before) end();
    });
    const timer = timeoutMs === undefined ? undefined : clock.after(timeoutMs, end);
    gone.addEventListener("abort", end);
  });
}

function replyOf(state: MetadataState, names: readonly string[], query: URLSearchParams): ServiceReply {
  const node = state.at(names);
  if (node === undefined)
    return refusal(404, `The requested URL /${names.join("/")} was not found on this server.`);
  const isRecursive = query.get("recursive") === "true";
  const headers = { etag: state.etag(names) };
  const carries = state.carriedBy(names, isRecursive);
  if (isFolder(node) && !isRecursive) return ok(folderListing(node), { headers, carries });
  const isSecret = names.at(-1) === "token";
  // Lists of tags and whole folders are JSON by default, single values and other lists text.
  const preset = isSecret || isFolder(node) || names.at(-1) === "tags" ? "json" : "text";
  const isJson = (query.get("alt") ?? preset) === "json";
  const body = isJson && !isSecret ? nodeAsJson(node, names.at(-1)) : nodeAsText(node);
  return ok(body, {
    headers: isJson ? { ...headers, "content-type": "application/json" } : headers,
    carries,
  });
}

function redirectToFolder({ path, query, headers }: ServiceRequest, authority: string): ServiceReply {
  const search = query.size === 0 ? "" : `?${query.toString()}`;
  const location = `http://${headers["host"]?.toString() ?? authority}${path}/${search}`;
  return { status: 301, body: `${path}/\n`, headers: { location } };
}

function refusal(status: number, why: string): ServiceReply {
  const body = `<!DOCTYPE html>\n<html lang=en>\n  <title>Error ${status}</title>\n  <p><b>${status}.</b> ${why.replaceAll("<", "&lt;")}\n`;
  return { status, body, headers: { "content-type": "text/html; charset=UTF-8" } };
}

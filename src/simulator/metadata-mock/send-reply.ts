import type { ServerResponse } from "node:http";
import type { MockFault } from "./faults.ts";
import type { ServiceReply } from "./service-message.ts";

/** What befalls a reply on its way. */
export interface SendContext {
  readonly faults: readonly MockFault[];
  /** Headers of every reply of this service; a reply's own win. */
  readonly headers: Readonly<Record<string, string>>;
  /** The service's wall clock. */
  readonly wallTime: number;
  readonly after: (ms: number, action: () => void) => void;
  /** Called when the reply is sent as the service meant it. */
  readonly sentAsMeant: () => void;
}

const WEB_PAGE =
  "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>";

/** Faults after which the caller never sees a status. */
const SILENT: readonly string[] = ["hang", "reset", "garbage"];

/** Whether the caller is sent no status at all. */
export function isSilenced(faults: readonly MockFault[]): boolean {
  return faults.some(({ kind }) => SILENT.includes(kind));
}

/** Sends a reply as the real service would, or as the faults will have it. */
export function sendReply(response: ServerResponse, reply: ServiceReply, context: SendContext): void {
  for (const fault of context.faults) {
    switch (fault.kind) {
      case "hang":
        return;
      case "reset":
        response.socket?.resetAndDestroy();
        return;
      case "garbage":
        response.socket?.end("\u0000\u0001 this is no HTTP\r\n\r\n");
        return;
      case "cut-off":
        response.writeHead(200, { "content-length": "1000" }).write("{", () => response.socket?.destroy());
        return;
      case "slow":
        context.after(fault.ms ?? 0, () => sendNow(response, reply, context));
        return;
      case "status":
      case "throttle":
      case "web-page":
      case "too-large":
      case "redirect":
      case "date-skew":
      case "no-date":
        // These change what is sent, not whether.
        break;
      default:
        fault.kind satisfies never;
    }
  }
  sendNow(response, reply, context);
}

function sendNow(response: ServerResponse, reply: ServiceReply, context: SendContext): void {
  if (reply.isLost === true) return;
  response.sendDate = false;
  const headers: Record<string, string> = { ...context.headers, ...reply.headers };
  let { status, body } = reply;
  let dateMs: number | undefined = context.wallTime;
  let isMeant = true;
  for (const fault of context.faults) {
    if (fault.kind === "web-page") {
      [status, body, isMeant] = [200, WEB_PAGE, false];
      headers["content-type"] = "text/html";
    } else if (fault.kind === "redirect") {
      [status, body, isMeant] = [302, "", false];
      headers["location"] = fault.location ?? "/";
    } else if (fault.kind === "too-large") {
      [status, body, isMeant] = [200, "x".repeat(1024 * 1024), false];
    } else if (fault.kind === "date-skew") {
      dateMs = context.wallTime + (fault.ms ?? 0);
    } else if (fault.kind === "no-date") {
      dateMs = undefined;
    }
  }
  if (dateMs !== undefined) headers["date"] = new Date(dateMs).toUTCString();
  headers["content-length"] = String(Buffer.byteLength(body));
  response.writeHead(status, headers).end(body);
  if (isMeant) context.sentAsMeant();
}

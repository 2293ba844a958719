import type { ServerResponse } from "node:http";
import type { MockFault } from "./faults.ts";
import type { ServiceReply } from "./metadata-service.ts";

/** What befalls a reply on its way. */
export interface SendContext {
  readonly faults: readonly MockFault[];
  /** The service's wall clock. */
  readonly wallTime: number;
  readonly after: (ms: number, action: () => void) => void;
}

const WEB_PAGE =
  "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>";

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
        context.after(fault.ms, () => sendNow(response, reply, context));
        return;
      case "status":
      case "web-page":
      case "too-large":
      case "redirect":
      case "date-skew":
      case "no-date":
        // These change what is sent, not whether.
        break;
      default:
        fault satisfies never;
    }
  }
  sendNow(response, reply, context);
}

function sendNow(response: ServerResponse, reply: ServiceReply, { faults, wallTime }: SendContext): void {
  response.sendDate = false;
  response.setHeader("server", "EC2ws");
  response.setHeader("content-type", "text/plain");
  let { status, body } = reply;
  let dateMs: number | undefined = wallTime;
  for (const fault of faults) {
    if (fault.kind === "web-page") {
      [status, body] = [200, WEB_PAGE];
      response.setHeader("content-type", "text/html");
    } else if (fault.kind === "redirect") {
      [status, body] = [302, ""];
      response.setHeader("location", fault.location);
    } else if (fault.kind === "too-large") {
      [status, body] = [200, "x".repeat(1024 * 1024)];
    } else if (fault.kind === "date-skew") {
      dateMs = wallTime + fault.ms;
    } else if (fault.kind === "no-date") {
      dateMs = undefined;
    }
  }
  if (dateMs !== undefined) response.setHeader("date", new Date(dateMs).toUTCString());
  for (const [name, value] of Object.entries(reply.headers ?? {})) response.setHeader(name, value);
  response.setHeader("content-length", Buffer.byteLength(body));
  response.writeHead(status).end(body);
}

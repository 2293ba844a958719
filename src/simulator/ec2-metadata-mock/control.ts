import { parseDuration, reasonOf } from "../../base/index.ts";
import type { Ec2MetadataMock } from "./ec2-metadata-mock.ts";
import { readMockFault } from "./faults.ts";
import type { ServiceRequest } from "./metadata-service.ts";

/** What a control request is answered with. */
export interface ControlReply {
  readonly status: number;
  readonly body: string;
}

type Handler = (mock: Ec2MetadataMock, parameters: URLSearchParams) => string;

/** `POST /mock/<name>?…`, documented in `docs/guides/notices.md`. A handler's error is answered with 400. */
const HANDLERS: Readonly<Record<string, Handler>> = {
  interrupt: (mock, parameters) => {
    const action = readAction(parameters.get("action") ?? "terminate");
    const leadMs = parseDuration(parameters.get("lead") ?? "120s", "lead");
    return `${action} at ${mock.interrupt({ action, leadMs })}`;
  },
  rebalance: (mock) => {
    mock.rebalance();
    return "rebalance recommended";
  },
  schedule: (mock, parameters) => {
    const code = parameters.get("code") ?? "instance-reboot";
    return mock.scheduleEvent({ code, inMs: parseDuration(parameters.get("in") ?? "1h", "in") });
  },
  lifecycle: (mock, parameters) => {
    const state = parameters.get("state") ?? "Terminated";
    mock.lifecycle(state);
    return state;
  },
  clear: (mock) => {
    mock.clear();
    mock.clearFaults();
    return "nothing is announced, no fault is set";
  },
  "expire-tokens": (mock) => {
    mock.expireTokens();
    return "every token is invalid";
  },
  fault: (mock, parameters) => {
    if (parameters.get("kind") === "none") {
      mock.clearFaults();
      return "no fault is set";
    }
    const fault = readMockFault(parameters);
    if (typeof fault === "string") throw new TypeError(fault);
    mock.fault(fault);
    return JSON.stringify(fault);
  },
};

/** Moves the mock as a request to `/mock/…` asks for. */
export function answerControl(
  mock: Ec2MetadataMock,
  { method, path, headers }: ServiceRequest,
  parameters: URLSearchParams,
): ControlReply {
  const name = path.slice("/mock/".length);
  const handler = Object.hasOwn(HANDLERS, name) ? HANDLERS[name] : undefined;
  if (handler === undefined) {
    return { status: 404, body: `there are: ${Object.keys(HANDLERS).join(", ")}` };
  }
  if (method !== "POST") return { status: 405, body: "use POST" };
  // A web page that is open in a browser on this machine has no business here.
  if (headers["origin"] !== undefined) return { status: 403, body: "not from a web page" };
  try {
    return { status: 200, body: handler(mock, parameters) };
  } catch (error) {
    return { status: 400, body: reasonOf(error) };
  }
}

/** @throws TypeError when it is none */
function readAction(text: string): "terminate" | "stop" | "hibernate" {
  if (text === "terminate" || text === "stop" || text === "hibernate") return text;
  throw new TypeError(`action: ${JSON.stringify(text)} is none of terminate, stop, hibernate`);
}

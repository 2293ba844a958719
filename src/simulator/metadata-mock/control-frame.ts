import { parseDuration, reasonOf, SpotproofError } from "../../base/index.ts";
import { ok, type ServiceReply, type ServiceRequest } from "./service-message.ts";

/** Does what `POST /mock/<name>?…` asks for and says what it did. What it throws is answered with 400. */
export type ControlHandler = (parameters: URLSearchParams) => string;

/** What can be asked for, by name. */
export type ControlTable = Readonly<Record<string, ControlHandler>>;

const PREFIX = "/mock/";

/** Whether a request is meant for the mock and not for the service. */
export function isControlPath(path: string): boolean {
  return path === "/mock" || path.startsWith(PREFIX);
}

/** Moves the mock as a request to `/mock/…` asks for. `GET /mock/` tells its state. */
export function answerControl(
  table: ControlTable,
  state: () => unknown,
  { method, path, headers, query }: ServiceRequest,
): ServiceReply {
  const name = path.slice(PREFIX.length);
  if (name === "") {
    // A web page that is open in a browser on this machine has no business here.
    if (headers["origin"] !== undefined) return refusal(403, "not from a web page");
    if (method !== "GET" && method !== "HEAD") {
      return refusal(405, `use GET to see the state; POST to ${PREFIX} and a name`);
    }
    return json(state());
  }
  const handler = Object.hasOwn(table, name) ? table[name] : undefined;
  if (handler === undefined) return refusal(404, `there are: ${Object.keys(table).sort().join(", ")}`);
  if (method !== "POST") return refusal(405, "use POST");
  if (headers["origin"] !== undefined) return refusal(403, "not from a web page");
  try {
    return ok(`${handler(query)}\n`);
  } catch (error) {
    return refusal(400, error instanceof SpotproofError ? error.detail : reasonOf(error));
  }
}

function json(state: unknown): ServiceReply {
  return ok(`${JSON.stringify(state, null, 2)}\n`, { headers: { "content-type": "application/json" } });
}

function refusal(status: number, why: string): ServiceReply {
  return { status, body: `${why}\n` };
}

/**
 * The parameter `name`, which must be one of `choices`.
 * @throws SpotproofError `bad-usage` when it is none of them
 */
export function chosen<const Choice extends string>(
  parameters: URLSearchParams,
  name: string,
  choices: readonly Choice[],
  preset: Choice,
): Choice {
  const text = parameters.get(name) ?? preset;
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new SpotproofError("bad-usage", `${name}: ${JSON.stringify(text)} is none of ${choices.join(", ")}`);
}

/**
 * A duration that may have a minus sign, in ms.
 * @throws SpotproofError `bad-usage` when it is none
 */
export function signedDuration(text: string, name: string): number {
  return text.startsWith("-") ? -parseDuration(text.slice(1), name) : parseDuration(text, name);
}

import { type Clock, type MonotonicMs, parseDuration, SpotproofError } from "../../base/index.ts";

/** Every way in which a mock can misbehave, with what it needs beside its name. */
const FAULT_KINDS = {
  /** Answers with `status`. */
  status: "status",
  /** Answers correctly, but only after `ms`. */
  slow: "ms",
  /** Takes the request and never answers. */
  hang: undefined,
  /** Answers 200 with a web page, whatever was asked. */
  "web-page": undefined,
  /** Answers with bytes that are no HTTP. */
  garbage: undefined,
  /** Answers with half of what it announced, then breaks the connection. */
  "cut-off": undefined,
  /** Breaks the connection at once. */
  reset: undefined,
  /** Answers 200 with a body that does not end before it has a megabyte. */
  "too-large": undefined,
  /** Sends the caller to `location`. */
  redirect: "location",
  /** The `Date` header, and it alone, is wrong by `ms`. */
  "date-skew": "ms",
  "no-date": undefined,
  /** Refuses what comes beyond `perSecond` requests within a second: 503 on EC2, 429 on the others. */
  throttle: "perSecond",
} as const;

/** The name of a fault. */
export type MockFaultKind = keyof typeof FAULT_KINDS;

/** A fault, what it befalls and when. */
export interface MockFault {
  readonly kind: MockFaultKind;
  /** For `status`: 200 to 599. */
  readonly status?: number | undefined;
  /** For `slow` (from 0) and `date-skew`. */
  readonly ms?: number | undefined;
  /** For `throttle`: from 0. */
  readonly perSecond?: number | undefined;
  /** For `redirect`. Default `/`. */
  readonly location?: string | undefined;
  /** `token`: requests for a token; `items`: all others; `all` (default); or a path that the request's path must end with. */
  readonly on?: string | undefined;
  /** After so many requests it is over. Default: it stays. */
  readonly times?: number | undefined;
  /** It begins so long after it was set. Default 0. */
  readonly beginsAfterMs?: number | undefined;
  /** It is over so long after it began. Default: it stays. */
  readonly lastsMs?: number | undefined;
}

/** The faults that are set at present. */
export interface MockFaults {
  /**
   * Gives the function that takes the fault back.
   * @throws SpotproofError `bad-usage` when it is none
   */
  add(fault: MockFault): () => void;
  clear(): void;
  /** The faults that befall a request, each counted as used. */
  befalling(path: string): readonly MockFault[];
  /** Those that are not over. */
  list(): readonly MockFault[];
}

interface SetFault {
  readonly fault: MockFault;
  readonly fromMs: MonotonicMs;
  readonly toMs: MonotonicMs;
  used: number;
  secondBeganMs: MonotonicMs;
  inThatSecond: number;
}

/** No faults. `isTokenRequest` says which paths ask for a token. */
export function createMockFaults(clock: Clock, isTokenRequest: (path: string) => boolean): MockFaults {
  const all = new Set<SetFault>();
  const isOver = ({ fault, toMs, used }: SetFault): boolean =>
    clock.now() >= toMs || used >= (fault.times ?? Number.POSITIVE_INFINITY);
  const forgetThoseThatAreOver = (): void => {
    for (const one of all) if (isOver(one)) all.delete(one);
  };
  return {
    add(fault) {
      checkFault(fault);
      const fromMs = clock.now() + (fault.beginsAfterMs ?? 0);
      const toMs = fromMs + (fault.lastsMs ?? Number.POSITIVE_INFINITY);
      const one = { fault, fromMs, toMs, used: 0, secondBeganMs: Number.NEGATIVE_INFINITY, inThatSecond: 0 };
      all.add(one);
      return () => all.delete(one);
    },
    clear: () => all.clear(),
    befalling(path) {
      forgetThoseThatAreOver();
      const hit = [...all].filter(
        (one) =>
          clock.now() >= one.fromMs && isAimedAt(one.fault, path, isTokenRequest) && strikes(one, clock),
      );
      for (const one of hit) one.used += 1;
      return hit.map(({ fault }) => fault);
    },
    list() {
      forgetThoseThatAreOver();
      return [...all].map(({ fault }) => fault);
    },
  };
}

/** A throttle lets the first requests of each second pass. */
function strikes(one: SetFault, clock: Clock): boolean {
  if (one.fault.kind !== "throttle") return true;
  if (clock.now() - one.secondBeganMs >= 1000) {
    one.secondBeganMs = clock.now();
    one.inThatSecond = 0;
  }
  one.inThatSecond += 1;
  return one.inThatSecond > (one.fault.perSecond ?? 0);
}

function isAimedAt(
  { on = "all" }: MockFault,
  path: string,
  isTokenRequest: (path: string) => boolean,
): boolean {
  if (on === "all") return true;
  if (on === "token") return isTokenRequest(path);
  return on === "items" ? !isTokenRequest(path) : path.endsWith(on);
}

/** @throws SpotproofError `bad-usage` that names what is missing or wrong */
function checkFault(fault: MockFault): void {
  const wrong = (what: string): never => {
    throw new SpotproofError("bad-usage", `fault "${fault.kind}": ${what}`);
  };
  if (!Object.hasOwn(FAULT_KINDS, fault.kind)) {
    wrong(`there is none of this name. There are: ${Object.keys(FAULT_KINDS).join(", ")}.`);
  }
  const isWhole = (value: number | undefined, least: number, most: number): boolean =>
    value !== undefined && Number.isInteger(value) && value >= least && value <= most;
  const isTime = (value: number | undefined): boolean =>
    value === undefined || (Number.isFinite(value) && value >= 0);
  const needs = FAULT_KINDS[fault.kind];
  if (needs === "status" && !isWhole(fault.status, 200, 599))
    wrong("status is not a whole number from 200 to 599.");
  if (needs === "ms" && (fault.ms === undefined || !Number.isFinite(fault.ms))) wrong("ms is not a number.");
  if (fault.kind === "slow" && !isTime(fault.ms)) wrong("ms is below 0.");
  if (needs === "perSecond" && !isWhole(fault.perSecond, 0, 1_000_000))
    wrong("per-second is not a whole number from 0 on.");
  if (fault.times !== undefined && !isWhole(fault.times, 1, 1_000_000_000))
    wrong("times is not a whole number above 0.");
  if (!isTime(fault.beginsAfterMs)) wrong("the time after which it begins is not a number from 0 on.");
  if (!isTime(fault.lastsMs)) wrong("the time that it lasts is not a number from 0 on.");
}

/**
 * Reads a fault from the parameters of `POST /mock/fault`, such as `kind=status&status=503&on=token&times=3&for=30s`.
 * Whether it makes sense is seen when it is set.
 * @throws SpotproofError `bad-usage` for a duration that is none
 */
export function readMockFault(parameters: URLSearchParams): MockFault {
  const number = (name: string): number | undefined =>
    parameters.has(name) ? Number(parameters.get(name)?.trim() || Number.NaN) : undefined;
  const duration = (name: string): number | undefined =>
    parameters.has(name) ? parseDuration(parameters.get(name) ?? "", name) : undefined;
  const fault = {
    // Checked by name when it is set.
    kind: (parameters.get("kind") ?? "") as MockFaultKind,
    status: number("status"),
    ms: number("ms"),
    perSecond: number("per-second"),
    location: parameters.get("location") ?? undefined,
    on: parameters.get("on") ?? undefined,
    times: number("times"),
    beginsAfterMs: duration("after"),
    lastsMs: duration("for"),
  };
  return Object.fromEntries(Object.entries(fault).filter(([, value]) => value !== undefined)) as typeof fault;
}

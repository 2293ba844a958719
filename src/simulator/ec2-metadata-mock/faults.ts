/** How the mock misbehaves. */
type MockFaultKind =
  /** Answers with `status`. */
  | { readonly kind: "status"; readonly status: number }
  /** Answers correctly, but only after `ms`. */
  | { readonly kind: "slow"; readonly ms: number }
  /** Takes the request and never answers. */
  | { readonly kind: "hang" }
  /** Answers 200 with a web page, whatever was asked. */
  | { readonly kind: "web-page" }
  /** Answers with bytes that are no HTTP. */
  | { readonly kind: "garbage" }
  /** Answers with half of what it announced, then breaks the connection. */
  | { readonly kind: "cut-off" }
  /** Breaks the connection at once. */
  | { readonly kind: "reset" }
  /** Answers 200 with a body that does not end before it has a megabyte. */
  | { readonly kind: "too-large" }
  /** Sends the caller elsewhere. */
  | { readonly kind: "redirect"; readonly location: string }
  /** The `Date` header, and it alone, is wrong by this much. */
  | { readonly kind: "date-skew"; readonly ms: number }
  | { readonly kind: "no-date" };

/** A fault, and what it befalls. */
export type MockFault = MockFaultKind & {
  /** `token`: requests for a token; `items`: all others; `all`; or a path that the request's path must end with. */
  readonly on?: string | undefined;
  /** After so many requests it is over. Default: it stays. */
  readonly times?: number | undefined;
};

/** The faults that are set at present. */
export interface MockFaults {
  /** Gives the function that takes the fault back. */
  add(fault: MockFault): () => void;
  clear(): void;
  /** The faults that befall a request, each counted as used. */
  befalling(path: string): readonly MockFault[];
}

/** No faults. */
export function createMockFaults(): MockFaults {
  const uses = new Map<MockFault, number>();
  return {
    add(fault) {
      uses.set(fault, 0);
      return () => uses.delete(fault);
    },
    clear: () => uses.clear(),
    befalling(path) {
      const hit = [...uses.keys()].filter((fault) => befalls(fault, path));
      for (const fault of hit) {
        const used = (uses.get(fault) ?? 0) + 1;
        if (used >= (fault.times ?? Number.POSITIVE_INFINITY)) uses.delete(fault);
        else uses.set(fault, used);
      }
      return hit;
    },
  };
}

function befalls({ on = "all" }: MockFault, path: string): boolean {
  const isToken = path.endsWith("/api/token");
  if (on === "all") return true;
  if (on === "token") return isToken;
  return on === "items" ? !isToken : path.endsWith(on);
}

/**
 * Reads a fault from the parameters of `POST /mock/fault`, such as `kind=status&status=503&on=token&times=3`.
 * A text is the reason why it is none.
 */
export function readMockFault(parameters: URLSearchParams): MockFault | string {
  const kind = parameters.get("kind") ?? "";
  const number = (name: string): number => Number(parameters.get(name) ?? Number.NaN);
  const times = parameters.has("times") ? number("times") : undefined;
  if (times !== undefined && !(Number.isInteger(times) && times > 0))
    return "times is not a whole number above 0";
  const target = { on: parameters.get("on") ?? undefined, times };
  switch (kind) {
    case "status": {
      const status = number("status");
      const isStatus = Number.isInteger(status) && status >= 200 && status <= 599;
      return isStatus ? { kind, status, ...target } : "status is not a whole number from 200 to 599";
    }
    case "slow":
    case "date-skew": {
      const ms = number("ms");
      return Number.isFinite(ms) ? { kind, ms, ...target } : "ms is not a number";
    }
    case "redirect":
      return { kind, location: parameters.get("location") ?? "/", ...target };
    case "hang":
    case "web-page":
    case "garbage":
    case "cut-off":
    case "reset":
    case "too-large":
    case "no-date":
      return { kind, ...target };
    default:
      return `there is no fault called ${JSON.stringify(kind)}`;
  }
}

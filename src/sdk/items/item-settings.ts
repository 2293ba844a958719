import { type Backoff, SpotproofError } from "../../base/index.ts";
import { refuseMisspelt, requireFunction, requireOptions } from "../arguments.ts";
import type { CommitPlan } from "./group-commit.ts";
import type { ForEachOptions } from "./items.ts";
import { shown } from "./ledger.ts";

/** The options of a list, complete and checked. */
export interface ItemSettings<Item> {
  readonly name: string;
  readonly key: ((item: Item) => string) | undefined;
  readonly concurrency: number;
  readonly retries: number;
  readonly backoff: Backoff;
  readonly timeoutMs: number | undefined;
  readonly keepsFailures: boolean;
  readonly commits: CommitPlan;
  readonly total: number | undefined;
}

/** Each of them, as the compiler sees to. */
const OPTIONS: Readonly<Record<keyof ForEachOptions<never>, true>> = {
  name: true,
  key: true,
  concurrency: true,
  retries: true,
  backoff: true,
  timeoutMs: true,
  onFailure: true,
  commitEveryMs: true,
  commitEveryBytes: true,
  total: true,
};

const MIB = 1024 ** 2;

/** @throws SpotproofError `bad-usage` */
export function settingsFrom<Item>(options: ForEachOptions<Item>): ItemSettings<Item> {
  refuseMisspelt("forEach", options, Object.keys(OPTIONS));
  if (options.key !== undefined) requireFunction("forEach: `key`", options.key, "(item) => item.id");
  if (options.backoff !== undefined) requireBackoff(options.backoff);
  if (options.total !== undefined && !(Number.isFinite(options.total) && options.total >= 0)) {
    throw new SpotproofError(
      "bad-usage",
      `forEach: \`total\` is ${shown(options.total)}, and must be a number at least 0.`,
    );
  }
  const everyBytes = numberFrom(options, "commitEveryBytes", MIB, 1);
  return {
    name: listName(options.name),
    key: options.key,
    concurrency: wholeNumber("concurrency", numberFrom(options, "concurrency", 1, 1, 100_000)),
    retries: wholeNumber("retries", numberFrom(options, "retries", 0, 0)),
    backoff: options.backoff ?? { firstMs: 500, longestMs: 30_000 },
    timeoutMs: options.timeoutMs === undefined ? undefined : numberFrom(options, "timeoutMs", 0, 1),
    keepsFailures: failuresAreKept(options.onFailure),
    commits: {
      everyMs: numberFrom(options, "commitEveryMs", 1000, 0),
      everyBytes,
      mostBytes: 16 * everyBytes,
    },
    total: options.total,
  };
}

/** @throws SpotproofError `bad-usage` when a list cannot have this name */
export function listName(name = "items"): string {
  if (typeof name === "string" && /^[A-Za-z0-9._-]{1,100}$/.test(name)) return name;
  throw new SpotproofError(
    "bad-usage",
    `${shown(name)} cannot be the name of a list of items. Use 1 to 100 of the characters A-Z a-z 0-9 . _ -`,
  );
}

/** The name of the log that a list is recorded in. */
export function logNameOf(list: string): string {
  return `items-${list}`;
}

function requireBackoff(backoff: Backoff): void {
  requireOptions("forEach: `backoff`", backoff, "{ firstMs: 500, longestMs: 30_000 }");
  for (const [option, value] of Object.entries({ firstMs: backoff.firstMs, longestMs: backoff.longestMs })) {
    if (typeof value === "number" && value >= 0) continue;
    throw new SpotproofError(
      "bad-usage",
      `forEach: \`backoff.${option}\` is ${shown(value)}, and must be milliseconds from 0.`,
    );
  }
}

type NumericOption = "concurrency" | "retries" | "timeoutMs" | "commitEveryMs" | "commitEveryBytes";

function numberFrom(
  options: ForEachOptions<never>,
  option: NumericOption,
  otherwise: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  const value: unknown = options[option] ?? otherwise;
  if (typeof value === "number" && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least}` : `from ${least} to ${most}`;
  throw new SpotproofError(
    "bad-usage",
    `forEach: \`${option}\` is ${shown(value)}, and must be a number ${range}.`,
  );
}

function wholeNumber(option: NumericOption, value: number): number {
  if (Number.isInteger(value)) return value;
  throw new SpotproofError("bad-usage", `forEach: \`${option}\` is ${value}, and must be a whole number.`);
}

function failuresAreKept(onFailure: unknown): boolean {
  if (onFailure === undefined || onFailure === "reject") return false;
  if (onFailure === "keep") return true;
  throw new SpotproofError(
    "bad-usage",
    `forEach: \`onFailure\` is ${shown(onFailure)}, and must be "reject" or "keep".`,
  );
}

import { resolve } from "node:path";
import { SpotproofError } from "../base/index.ts";
import { refuseMisspelt, requireFunction, requireOptions } from "./arguments.ts";
import type { JobOptions } from "./job.ts";

/** Options after which nobody asks whether something is set. */
export interface ResolvedOptions {
  readonly store: string;
  /** Absolute path. */
  readonly files: string | undefined;
  readonly ifRunning: "standby" | "leave";
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly keep: number;
  readonly allowVolatileStore: boolean;
  readonly signalGraceMs: number | undefined;
  readonly interruptedEveryMs: number;
  readonly ending: "exit" | "return";
}

/** Each of them, as the compiler sees to. */
const OPTIONS: Readonly<Record<keyof JobOptions, true>> = {
  store: true,
  files: true,
  ifRunning: true,
  heartbeatMs: true,
  leaseMs: true,
  keep: true,
  allowVolatileStore: true,
  signalGraceMs: true,
  interruptedEveryMs: true,
  ending: true,
  onEvent: true,
};

const FOUR_HOURS_MS = 4 * 3_600_000;

/** @throws SpotproofError `bad-usage`, naming the option */
export function resolveOptions(options: JobOptions, workingFolder: string): ResolvedOptions {
  requireOptions("runJob", options, '{ store: "/mnt/efs/jobs" }');
  refuseMisspelt("runJob", options, Object.keys(OPTIONS));
  const { store, files, ifRunning = "standby", keep = 3, ending = "exit" } = options;
  if (typeof store !== "string" || store === "") {
    throw new SpotproofError(
      "bad-usage",
      'runJob needs a store: a folder that outlives the machine, or "s3://bucket/prefix", "dynamodb://…", "sqlite:…", "postgres://…".',
    );
  }
  if (files !== undefined && (typeof files !== "string" || files === ""))
    throw wrong("files", files, "the path of a folder");
  if (options.onEvent !== undefined)
    requireFunction("onEvent", options.onEvent, "(event) => console.error(event.text)");
  oneOf("ifRunning", ifRunning, ["standby", "leave"]);
  oneOf("ending", ending, ["exit", "return"]);
  if (!Number.isSafeInteger(keep) || keep < 2) throw wrong("keep", keep, "a whole number from 2");
  const {
    heartbeatMs = 10_000,
    leaseMs = 30_000,
    interruptedEveryMs = FOUR_HOURS_MS,
    signalGraceMs,
  } = options;
  for (const [name, value] of Object.entries({ heartbeatMs, leaseMs, interruptedEveryMs, signalGraceMs })) {
    if (value !== undefined && !(typeof value === "number" && value > 0))
      throw wrong(name, value, "milliseconds above 0");
  }
  const { allowVolatileStore = false } = options;
  if (typeof allowVolatileStore !== "boolean")
    throw wrong("allowVolatileStore", allowVolatileStore, "true or false");
  if (leaseMs < 2 * heartbeatMs)
    throw wrong("leaseMs", leaseMs, `at least twice heartbeatMs (${heartbeatMs})`);
  return {
    store,
    files: files === undefined ? undefined : resolve(workingFolder, files),
    ifRunning,
    heartbeatMs,
    leaseMs,
    keep,
    allowVolatileStore,
    signalGraceMs,
    interruptedEveryMs,
    ending,
  };
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (!known.includes(value)) throw wrong(name, value, known.map((word) => `"${word}"`).join(" or "));
}

function wrong(name: string, value: unknown, wanted: string): SpotproofError {
  return new SpotproofError("bad-usage", `${name}: ${String(value)} cannot be used; it must be ${wanted}.`);
}

import { readFileSync, statSync } from "node:fs";
import { SpotproofError, reasonOf, systemClock, systemErrorCode, systemRandom } from "../base/index.ts";
import {
  type DisturbedStore,
  type Store,
  type StoreFault,
  type StoreFaultKind,
  loadStoreFaults,
} from "../store/index.ts";

/**
 * A store that is disturbed as a file says at each moment: `{"faults": [{"kind": "503", "share": 0.5, "delayMs": 0}]}`.
 * `share` is 1 and `delayMs` 0 when they are not said. Without the file nothing is disturbed; replace it by renaming, as
 * every call reads it when it has changed. Calls reject with `bad-usage` while it cannot be understood.
 * `callLimitMs` beside the faults is read once, here: how long a call may take.
 */
export async function disturbByFile(
  store: Store,
  path: string,
): Promise<Omit<DisturbedStore, "disturbedBy">> {
  const { STORE_FAULT_KINDS, withStoreFaults } = await loadStoreFaults();
  let known = { version: "", faults: [] as readonly StoreFault[] };
  const current = (): readonly StoreFault[] => {
    const version = versionOf(path);
    if (version !== known.version) {
      const faults = version === "absent" ? [] : readFaults(path, STORE_FAULT_KINDS);
      known = { version, faults };
    }
    return known.faults;
  };
  const callLimitMs = versionOf(path) === "absent" ? undefined : readCallLimit(path);
  const disturbed = withStoreFaults(store, { clock: systemClock, random: systemRandom, current });
  return { store: disturbed, callLimitMs };
}

function readCallLimit(path: string): number | undefined {
  const limitMs = memberOf(readContent(path), "callLimitMs");
  if (limitMs === undefined || (typeof limitMs === "number" && limitMs > 0)) return limitMs;
  throw broken(path, "callLimitMs is not a number above 0");
}

function versionOf(path: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(path, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "absent";
    throw broken(path, reasonOf(error), error);
  }
}

function readContent(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return { faults: [] };
    throw broken(path, reasonOf(error), error);
  }
}

function readFaults(path: string, kinds: readonly StoreFaultKind[]): readonly StoreFault[] {
  const faults = memberOf(readContent(path), "faults");
  if (!Array.isArray(faults)) throw broken(path, `it is not {"faults": [ … ]}`);
  return faults.map((fault: unknown) => readFault(path, fault, kinds));
}

function readFault(path: string, fault: unknown, kinds: readonly StoreFaultKind[]): StoreFault {
  const kind = kinds.find((one) => one === memberOf(fault, "kind"));
  const share = memberOf(fault, "share") ?? 1;
  const delayMs = memberOf(fault, "delayMs") ?? 0;
  if (kind === undefined)
    throw broken(path, `${JSON.stringify(fault)} has no kind. There are: ${kinds.join(", ")}`);
  if (typeof share !== "number" || !(share >= 0 && share <= 1))
    throw broken(path, `the share of ${JSON.stringify(fault)} is not a number from 0 to 1`);
  if (typeof delayMs !== "number" || !(delayMs >= 0))
    throw broken(path, `the delayMs of ${JSON.stringify(fault)} is not a number from 0`);
  return { kind, share, delayMs };
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

function broken(path: string, why: string, cause?: unknown): SpotproofError {
  const detail = `The faults of the store for this rehearsal, ${path}, cannot be read: ${why}.`;
  return new SpotproofError("bad-usage", detail, cause === undefined ? undefined : { cause });
}

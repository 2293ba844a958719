import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

// The demo uses Spotproof as everybody does: by its command line.

const SPOTPROOF = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const LONGEST_RESTORE_MS = 30_000;

/** Spotproof's own durations, 40 times shorter than it would have them by itself. */
const ACCELERATED = {
  "--every": "1s",
  "--metadata-poll": "100ms",
  "--heartbeat": "250ms",
  "--lease": "750ms",
  "--stop-grace": "750ms",
} as const;

/** One job and where its checkpoints rest. */
export interface JobPlace {
  readonly job: string;
  /** Absolute path of the store's folder. */
  readonly store: string;
}

/** What Node is started with to run a command under Spotproof in accelerated time; `options` are added. */
export function runWords(
  { job, store }: JobPlace,
  command: readonly string[],
  options: readonly string[] = [],
): string[] {
  const accelerated = Object.entries(ACCELERATED).flat();
  const place = ["--job", job, "--checkpoint", "./ckpt", "--store", store];
  return [SPOTPROOF, "run", ...place, ...accelerated, ...options, "--", ...command];
}

/** Reads one file out of the newest checkpoint in the store, by way of a folder that does not exist yet. */
export function readFromStore({ job, store }: JobPlace, file: string, folder: string): Buffer {
  const words = ["checkpoints", "restore", "--store", store, "--job", job, "--to", folder];
  execFileSync(process.execPath, [SPOTPROOF, ...words], { stdio: "pipe", timeout: LONGEST_RESTORE_MS });
  return readFileSync(join(folder, file));
}

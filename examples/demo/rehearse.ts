import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { RehearsalRecord, Verdict } from "../../src/simulator/index.ts";

// The demo uses Spotproof as everybody does: by its command line.

const SPOTPROOF = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What `spotproof rehearse --json` printed. */
export interface Rehearsed {
  readonly record: RehearsalRecord;
  readonly verdict: Verdict;
}

/** How `spotproof rehearse` ended. */
export interface RehearseEnd {
  readonly status: number;
  /** Undefined when it was stopped, or broke down: it has said why. */
  readonly rehearsed: Rehearsed | undefined;
}

/**
 * Runs `spotproof rehearse --json` in a folder. What it tells while it runs goes to this program's standard error; a request
 * to end goes to it, and it ends everything that it has started.
 * @throws SyntaxError when what it printed is not JSON
 */
export async function rehearse(words: readonly string[], folder: string): Promise<RehearseEnd> {
  const child = spawn(process.execPath, [SPOTPROOF, "rehearse", "--json", ...words], {
    cwd: folder,
    detached: true, // Ctrl-C reaches it once, from here, and not a second time from the terminal
    stdio: ["ignore", "pipe", "inherit"],
  });
  const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, forward);
  try {
    const [printed, [status]] = await Promise.all([
      text(child.stdout),
      once(child, "close") as Promise<[number | null]>,
    ]);
    const rehearsed = printed.trim() === "" ? undefined : (JSON.parse(printed) as Rehearsed);
    return { status: status ?? 1, rehearsed };
  } finally {
    for (const signal of SIGNALS) process.off(signal, forward);
  }
}

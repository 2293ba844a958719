import { spawnSync } from "node:child_process";
import { cpus, totalmem } from "node:os";

/** One command to time as a whole process. */
export interface TimedCommand {
  readonly name: string;
  /** Asked for before each run: a job that is completed would end at once, so each run needs a name of its own. */
  readonly command: () => readonly [string, ...string[]];
}

/** Nothing but what is needed: variables such as NODE_EXTRA_CA_CERTS make every start of Node slower, ours and its own. */
const BARE_ENVIRONMENT = {
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  AWS_EC2_METADATA_DISABLED: "true",
};

/** Wall times in ms of commands that were run in turn (A B A B …), so that a drifting machine hits all alike. */
export function timeInTurn(
  commands: readonly TimedCommand[],
  runs: number,
): ReadonlyMap<string, readonly number[]> {
  const times = new Map<string, number[]>(commands.map(({ name }) => [name, []]));
  for (let run = -1; run < runs; run += 1) {
    for (const { name, command } of commands) {
      const [file, ...args] = command();
      const begun = performance.now();
      const end = spawnSync(file, args, {
        stdio: "ignore",
        env: BARE_ENVIRONMENT,
      });
      const tookMs = performance.now() - begun;
      if (end.status !== 0) throw new Error(`${name} ended with ${end.status ?? end.signal}`);
      // The first run of each only warms the caches.
      if (run >= 0) times.get(name)?.push(tookMs);
    }
  }
  return times;
}

/** The middle value. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** Each run of `a` divided by the run of `b` beside it. */
export function pairedRatios(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((value, index) => value / (b[index] ?? Number.NaN));
}

/** The machine, for the heading of a result. */
export function describeMachine(): string {
  const [processor] = cpus();
  return `${cpus().length} × ${processor?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

import { SpotproofError, backoffMs } from "../base/index.ts";
import {
  type CommandEnd,
  type CommandExit,
  type EndEvidence,
  STATUS_AGAIN,
  judgeEnd,
} from "./command-end.ts";
import { CommandLife } from "./command-life.ts";
import type { JobChannel } from "./job-channel/channel-server.ts";
import type { Guardian } from "./process-tree/guardian.ts";
import { failuresAfter, mayRestart } from "./restart-policy.ts";
import type { RunParts } from "./run-parts.ts";
import { type RunningCommand, startCommand } from "./running-command.ts";
import type { Supervision } from "./supervisor.ts";

/** How the command's part of an attempt ended. */
export type Verdict =
  | { readonly kind: "fenced-out" }
  | { readonly kind: "completed"; readonly reason: string; readonly exit: CommandExit }
  | {
      readonly kind: "interrupted" | "stopped";
      readonly reason: string;
      readonly exit?: CommandExit;
      readonly mayHaveWork: boolean;
    }
  | { readonly kind: "failed"; readonly reason: string; readonly exit: CommandExit };

/** How long a breakdown waits for the command's processes to die, in ms. */
const KILL_LIMIT_MS = 10_000;

/** How long a store that does not answer is tried again before the command has run at all, in ms. */
const START_PATIENCE_MS = 60_000;
const TRY_AGAIN = { firstMs: 200, longestMs: 5000 };

/** Starts the command, again after failures while the budget lasts, until there is something to conclude from. */
export async function liveUntilVerdict(
  supervision: Supervision,
  channel: JobChannel,
  guardian: Guardian,
): Promise<Verdict> {
  const { parts, state, keeper, told } = supervision;
  for (let life = 1; ; life += 1) {
    const leave = await withLeaveSignal(parts, (signal) => prepareFolder(supervision, life, signal));
    if (leave !== undefined) return leave;
    state.beginLife();
    told.value = false;
    const { verdict, mayRetry } = await liveOnce(supervision, channel, guardian, life);
    guardian.release();
    if (keeper !== undefined) keeper.writers = undefined;
    if (verdict.kind !== "failed" || !mayRetry || !mayRestart(parts.policy.restart, state.failuresUsed))
      return verdict;
    const left = await waitToRestart(supervision);
    if (left !== undefined) return left;
  }
}

/** Puts the folder in place; an interruption, a stop or a later claim meanwhile gives that up (S12). */
async function prepareFolder(
  { parts, keeper, state }: Supervision,
  life: number,
  signal: AbortSignal,
): Promise<void> {
  if (keeper === undefined || signal.aborted) return;
  state.phase = "restoring";
  keeper.life = life;
  const giveUp = (): void => void keeper.giveUp();
  signal.addEventListener("abort", giveUp);
  // Later there is work to lose, so the store gets as much time as at the end.
  const patienceMs = life === 1 ? START_PATIENCE_MS : parts.policy.lastSaveLimitMs;
  try {
    await whileStoreIsAway(parts, patienceMs, signal, async () => {
      const prepared = await keeper.prepare(signal);
      // Nothing has begun yet, so a store or folder that cannot take the first save is refused now, not in an hour.
      if (prepared.kind === "failed") throw prepared.error;
    });
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

/** Does `work` again and again while the store does not answer, until `patienceMs` after the first failure (C06). */
async function whileStoreIsAway(
  { clock, random, onEvent }: RunParts,
  patienceMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  let untilMs = Number.POSITIVE_INFINITY;
  for (let repetition = 1; !signal.aborted; repetition += 1) {
    try {
      await work();
      if (repetition > 1) onEvent({ kind: "store-well" });
      return;
    } catch (error) {
      if (!(error instanceof SpotproofError) || error.code !== "store-unreachable") throw error;
      const waitMs = backoffMs(TRY_AGAIN, repetition, random);
      if (repetition === 1) untilMs = clock.now() + patienceMs;
      if (clock.now() + waitMs > untilMs) throw error;
      if (repetition === 1) onEvent({ kind: "store-trouble", message: error.message });
      await clock.sleep(waitMs, signal);
    }
  }
}

/** Does `work` with a signal that aborts when the attempt must leave; says so when it must. */
async function withLeaveSignal(
  parts: RunParts,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<Verdict | undefined> {
  const abort = new AbortController();
  // Kept: an interruption that is taken back does not mend the work that was given up for it.
  let reason: Verdict | undefined;
  const look = (): void => {
    reason ??= reasonToLeave(parts);
    if (reason !== undefined) abort.abort();
  };
  const silences = [parts.interruptions.onChange(look), parts.userStop.onChange(look)];
  parts.attempt.fencedOut.addEventListener("abort", look);
  try {
    look();
    await work(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
  } finally {
    for (const silence of silences) silence();
    parts.attempt.fencedOut.removeEventListener("abort", look);
  }
  return reason ?? reasonToLeave(parts);
}

function reasonToLeave({ attempt, userStop, interruptions }: RunParts): Verdict | undefined {
  if (attempt.fencedOut.aborted) return { kind: "fenced-out" };
  if (userStop.level() > 0)
    return {
      kind: "stopped",
      reason: "stopped by the user before the command was started",
      mayHaveWork: false,
    };
  const interruption = interruptions.state();
  if (interruption.kind !== "interrupted") return undefined;
  return {
    kind: "interrupted",
    reason: `before the command was started: ${interruption.cause}`,
    mayHaveWork: false,
  };
}

async function liveOnce(
  supervision: Supervision,
  channel: JobChannel,
  guardian: Guardian,
  life: number,
): Promise<{ verdict: Verdict; mayRetry: boolean }> {
  const { parts, state, keeper, told } = supervision;
  const environment = commandEnvironment(supervision, channel);
  const running = await startCommand({ ...parts, environment, guardian, mark: parts.attempt.token });
  if (!("tree" in running)) return judge(supervision, { exit: running, ranMs: 0, stopCause: undefined });
  state.phase = "running";
  if (keeper !== undefined) keeper.writers = running.tree;
  parts.onEvent({ kind: "command-started", pid: running.pid, life });
  parts.attempt.note("command-started", { life });
  try {
    const end = await new CommandLife({ parts, state, keeper, running, told }).untilEnd();
    parts.attempt.note("command-ended", { exit: end.exit, ranMs: Math.round(end.ranMs) });
    return judge(supervision, end);
  } catch (error) {
    await killQuietly(running, error);
    throw error;
  }
}

/** I4 holds in a breakdown too. Failing at that as well, both failures are told. */
async function killQuietly(running: RunningCommand, cause: unknown): Promise<void> {
  try {
    await running.tree.killAll(KILL_LIMIT_MS);
  } catch (error) {
    throw new SpotproofError(
      "internal",
      `After a breakdown the command could not be ended: ${String(error)}`,
      { cause },
    );
  }
}

function judge(
  { parts, state, told }: Supervision,
  life: { exit: CommandExit; ranMs: number; stopCause: EndEvidence["stopCause"] },
): { verdict: Verdict; mayRetry: boolean } {
  const { progressOfThisLife: progress } = state;
  const end: CommandEnd = judgeEnd({
    exit: life.exit,
    stopCause: life.stopCause,
    interruptionAnnounced: parts.interruptions.state().kind === "interrupted",
    toldByUs: told.value,
    progressComplete: progress?.total !== undefined && progress.done >= progress.total,
    zeroAfterStop: parts.policy.zeroAfterStop,
  });
  if (life.stopCause === "fenced-out" || parts.attempt.fencedOut.aborted)
    return { verdict: { kind: "fenced-out" }, mayRetry: false };
  const failed = end.kind === "failed" || (end.kind === "interrupted" && end.alsoFailed);
  if (failed) {
    state.failuresUsed = failuresAfter(parts.policy.restart, state.failuresUsed, {
      ranMs: life.ranMs,
      checkpointsMade: state.checkpointsOfThisLife,
    });
  }
  switch (end.kind) {
    case "completed":
      return { verdict: { kind: "completed", reason: end.reason, exit: life.exit }, mayRetry: false };
    case "failed":
      return { verdict: { kind: "failed", reason: end.reason, exit: life.exit }, mayRetry: end.mayRetry };
    case "stopped":
      return {
        verdict: { kind: "stopped", reason: end.reason, exit: life.exit, mayHaveWork: true },
        mayRetry: false,
      };
    case "interrupted": {
      // A crash may have left the folder torn: what was saved before it is what counts (S10).
      const verdict: Verdict = {
        kind: "interrupted",
        reason: end.reason,
        exit: life.exit,
        mayHaveWork: !end.alsoFailed,
      };
      const isSpent = end.alsoFailed && !mayRestart(parts.policy.restart, state.failuresUsed);
      return {
        verdict: isSpent ? { kind: "failed", reason: end.reason, exit: life.exit } : verdict,
        mayRetry: false,
      };
    }
    default:
      return end satisfies never;
  }
}

async function waitToRestart({ parts, state }: Supervision): Promise<Verdict | undefined> {
  const { restart } = parts.policy;
  const waitMs = backoffMs(restart.backoff, state.failuresUsed, parts.random);
  parts.onEvent({
    kind: "restart-planned",
    inMs: waitMs,
    failuresUsed: state.failuresUsed,
    retries: restart.retries,
  });
  state.phase = "waiting-to-restart";
  return withLeaveSignal(parts, (signal) => parts.clock.sleep(waitMs, signal));
}

/** What the command learns of its past and of us. docs/job-channel.md lists it. */
function commandEnvironment(
  { parts, state }: Supervision,
  channel: JobChannel,
): Record<string, string | undefined> {
  const { attempt, folder, environment, policy } = parts;
  const { restoredFrom } = state;
  return {
    ...environment,
    SPOTPROOF_JOB: attempt.job,
    SPOTPROOF_ATTEMPT: String(attempt.number),
    SPOTPROOF_ATTEMPT_TOKEN: attempt.token,
    SPOTPROOF_RESUMED: restoredFrom === undefined ? "0" : "1",
    SPOTPROOF_RESUMED_FROM: restoredFrom,
    SPOTPROOF_CHECKPOINT: folder?.path,
    SPOTPROOF_COMMIT_BY: folder === undefined ? undefined : policy.commitBy,
    SPOTPROOF_SOCKET: channel.socketPath,
    SPOTPROOF_URL: channel.url,
    SPOTPROOF_STATUS_AGAIN: String(STATUS_AGAIN),
  };
}

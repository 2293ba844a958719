import {
  type ErrorCode,
  type MonotonicMs,
  SpotproofError,
  type Timer,
  backoffMs,
  formatDuration,
  reasonOf,
} from "../base/index.ts";
import type { Outcome } from "../job/index.ts";
import type { MergedInterruption } from "../notice/index.ts";
import type { CommandExit } from "./command-end.ts";
import type { FolderKeeper } from "./folder-keeper.ts";
import type { Verdict } from "./lives.ts";
import { writeOutcome } from "./record-outcome.ts";
import type { RunParts } from "./run-parts.ts";
import type { SaveEnd } from "./save-queue.ts";
import type { RunEnd, Supervision } from "./supervisor.ts";
import { planStop } from "./time-plan.ts";

// The end of an attempt: the last save, then the outcome. The command is dead by now.

/** How long an outcome is tried to be written when no deadline says less, in ms. */
const OUTCOME_LIMIT_MS = 15_000;

/** Saves what is left, records the outcome, and says how the attempt ended. */
export async function concludeAttempt(supervision: Supervision, verdict: Verdict): Promise<RunEnd> {
  const { parts, state } = supervision;
  switch (verdict.kind) {
    case "fenced-out":
      return { kind: "fenced-out" };
    case "completed":
      state.phase = "last-save";
      if ((await makeResultDurable(supervision)) === "fenced-out") return { kind: "fenced-out" };
      await recordOutcome(
        supervision,
        "completed",
        verdict.reason,
        verdict.exit,
        parts.policy.lastSaveLimitMs,
      );
      return parts.attempt.fencedOut.aborted ? { kind: "fenced-out" } : { kind: "completed" };
    case "failed":
      await supervision.keeper?.giveUp();
      await recordOutcome(supervision, "failed", verdict.reason, verdict.exit, OUTCOME_LIMIT_MS);
      return parts.attempt.fencedOut.aborted
        ? { kind: "fenced-out" }
        : { kind: "failed", reason: verdict.reason, exit: verdict.exit };
    case "interrupted":
    case "stopped": {
      state.phase = "last-save";
      if (verdict.mayHaveWork) await saveWhileThereIsTime(supervision);
      await supervision.keeper?.giveUp();
      await recordInTime(supervision, verdict);
      return parts.attempt.fencedOut.aborted
        ? { kind: "fenced-out" }
        : { kind: verdict.kind, reason: verdict.reason };
    }
    default:
      return verdict satisfies never;
  }
}

/**
 * E1: a finished job is only finished when its last state is durable; a store that is away is waited for, within limits, of
 * which the end of this machine is one (I3).
 */
async function makeResultDurable({ parts, keeper }: Supervision): Promise<"durable" | "fenced-out"> {
  const { clock, random, policy, userStop, interruptions } = parts;
  if (keeper === undefined) return "durable";
  const limitMs = clock.now() + policy.lastSaveLimitMs;
  const giveUpAt = (): MonotonicMs => giveUpSavingAt({ parts, keeper }, limitMs);
  const over = new AbortController();
  const setTimer = (): Timer => clock.after(giveUpAt() - clock.now(), () => over.abort());
  let timer = setTimer();
  const look = (): void => {
    timer.cancel();
    if (userStop.level() === 2) over.abort();
    else timer = setTimer();
  };
  const silences = [userStop.onChange(look), interruptions.onChange(look)];
  try {
    look();
    for (let repetition = 1; ; repetition += 1) {
      const end = await saveUnless(over.signal, keeper);
      if (end.kind === "saved") return "durable";
      if (end.kind === "fenced-out") return "fenced-out";
      // Programs tidy up when they are done: then there is no state left that could be lost.
      if (end.kind === "failed" && end.error.code === "folder-missing") return "durable";
      const canHelp = end.kind === "failed" && end.error.entry.retry === "may-help";
      const waitMs = backoffMs({ firstMs: 500, longestMs: 30_000 }, repetition, random);
      if (!canHelp || clock.now() + waitMs > giveUpAt() || over.signal.aborted)
        throw notDurable(end, policy.lastSaveLimitMs);
      await clock.sleep(waitMs, over.signal);
    }
  } finally {
    timer.cancel();
    for (const silence of silences) silence();
  }
}

/** The last save, or "aborted" when `over` aborts before it has ended. */
async function saveUnless(over: AbortSignal, keeper: FolderKeeper): Promise<SaveEnd> {
  if (over.aborted) return { kind: "aborted" };
  let giveUp = (): void => undefined;
  const gaveUp = new Promise<SaveEnd>((resolve) => {
    giveUp = () => void keeper.giveUp().then(() => resolve({ kind: "aborted" }));
  });
  over.addEventListener("abort", giveUp);
  try {
    return await Promise.race([keeper.save("final"), gaveUp]);
  } finally {
    over.removeEventListener("abort", giveUp);
  }
}

/** A save that waits for a store which is away fails by being given up. */
function notDurable(end: Extract<SaveEnd, { kind: "failed" | "aborted" }>, limitMs: number): SpotproofError {
  const why =
    end.kind === "failed"
      ? end.error
      : new SpotproofError(
          "store-unreachable",
          `The last save was given up: by a second Ctrl-C, because this machine is about to go away, or after ${formatDuration(limitMs)}.`,
        );
  return new SpotproofError(
    why.code,
    `The command has done its work, but its last state is not durable: ${why.detail}`,
    { cause: why },
  );
}

/** The last save of an attempt that leaves; given up when the deadline, the limit or a second Ctrl-C says so. */
async function saveWhileThereIsTime({ parts, keeper }: Supervision): Promise<void> {
  const { clock, policy, userStop, interruptions } = parts;
  if (keeper === undefined || policy.commitBy === "program" || userStop.level() === 2) return;
  const limitMs = clock.now() + policy.lastSaveLimitMs;
  let leave = (): void => undefined;
  const leaving = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const giveUp = (): void => void keeper.giveUp().then(leave);
  const setTimer = (): Timer => clock.after(giveUpSavingAt({ parts, keeper }, limitMs) - clock.now(), giveUp);
  let timer = setTimer();
  const look = (): void => {
    timer.cancel();
    if (userStop.level() === 2) giveUp();
    else timer = setTimer();
  };
  const silences = [userStop.onChange(look), interruptions.onChange(look)];
  const isOver = new AbortController();
  await Promise.race([saveAgainAndAgain(parts, keeper, isOver.signal), leaving]);
  isOver.abort();
  timer.cancel();
  for (const silence of silences) silence();
}

/** A store that was away for a moment deserves another try, as long as somebody waits for it. */
async function saveAgainAndAgain(
  { clock, random }: RunParts,
  keeper: FolderKeeper,
  isOver: AbortSignal,
): Promise<void> {
  for (let repetition = 1; !isOver.aborted; repetition += 1) {
    const end = await keeper.save("final");
    if (end.kind !== "failed" || end.error.entry.retry === "never") return;
    await clock.sleep(backoffMs({ firstMs: 200, longestMs: 5000 }, repetition, random), isOver);
  }
}

function giveUpSavingAt(
  { parts, keeper }: Pick<Supervision, "parts" | "keeper">,
  limitMs: MonotonicMs,
): MonotonicMs {
  const { clock, interruptions, policy } = parts;
  const interruption = interruptions.state();
  if (interruption.kind !== "interrupted") return limitMs;
  // Over before it was heard (hibernation, a late poll): nobody knows what is left, and to give up would lose for sure.
  if (interruption.deadline.atMs <= interruption.firstHeardAtMs) return limitMs;
  return planStop({
    nowMs: clock.now(),
    heardAtMs: interruption.firstHeardAtMs,
    deadlineMs: interruption.deadline.atMs,
    finalSaveMs: keeper?.nextSaveMs,
    stopGraceMs: policy.stopGraceMs,
  }).giveUpSavingAtMs;
}

/** An outcome that cannot be written costs the next attempt the lease time, nothing more: so that is a warning. */
async function recordInTime(
  supervision: Supervision,
  verdict: Extract<Verdict, { kind: "interrupted" | "stopped" }>,
): Promise<void> {
  const { parts } = supervision;
  const interruption = parts.interruptions.state();
  const leftMs =
    interruption.kind === "interrupted" ? interruption.deadline.atMs - parts.clock.now() : OUTCOME_LIMIT_MS;
  try {
    await recordOutcome(
      supervision,
      verdict.kind,
      verdict.reason,
      verdict.exit,
      Math.min(OUTCOME_LIMIT_MS, Math.max(leftMs, 0)),
    );
  } catch (error) {
    parts.onEvent({
      kind: "warning",
      message: `The end of this attempt could not be recorded (${reasonOf(error)}). The next one will wait for the lease time before it goes on.`,
    });
  }
}

/** Writes the outcome, again and again within the limit. Throws the last error when it could not. */
async function recordOutcome(
  supervision: Supervision,
  kind: Outcome["kind"],
  reason: string,
  exit: CommandExit | undefined,
  limitMs: number,
): Promise<void> {
  const { parts } = supervision;
  const { clock, random, attempt } = parts;
  const outcome: Outcome = {
    kind,
    reason,
    ...exitFields(exit),
    ...noticeField(parts.interruptions.state()),
    ...supervision.state.outcomeFields(),
  };
  const ended = await writeOutcome({ clock, random, attempt, limitMs }, outcome);
  if (ended === "valid") parts.onEvent({ kind: "attempt-ended", outcome });
}

/** Troubles of the job itself: no other machine would fare better. */
const TROUBLES_OF_THE_JOB: ReadonlySet<ErrorCode> = new Set([
  "no-usable-checkpoint",
  "codec-unavailable",
  "store-newer",
  "bad-usage",
  "state-not-storable",
  "state-unreadable",
  "state-outdated",
  "items-failed",
]);

/** Whether an error would meet the job on every machine. */
export function isTroubleOfTheJob({ code }: SpotproofError): boolean {
  return TROUBLES_OF_THE_JOB.has(code);
}

/**
 * Something broke. The attempt is ended, so that the next need not wait; if even that fails, it will wait. Trouble of
 * this machine, such as a full disk, leaves the job to whoever stands by; trouble of the job itself ends it as failed.
 */
export async function recordBreakdown(supervision: Supervision, error: unknown): Promise<void> {
  const { parts } = supervision;
  if (parts.attempt.fencedOut.aborted) return;
  try {
    const isOfTheJob = error instanceof SpotproofError && isTroubleOfTheJob(error);
    const reason = isOfTheJob ? reasonOf(error) : `this machine could not go on: ${reasonOf(error)}`;
    await recordOutcome(supervision, isOfTheJob ? "failed" : "interrupted", reason, undefined, 0);
  } catch (second) {
    parts.onEvent({
      kind: "warning",
      message: `The end of this attempt could not be recorded: ${reasonOf(second)}`,
    });
  }
}

function exitFields(exit: CommandExit | undefined) {
  if (exit?.kind === "exited") return { exitStatus: exit.status };
  return exit?.kind === "signalled" ? { exitSignal: exit.signal } : {};
}

/** What an outcome says of the interruption that is announced, if one is. */
export function noticeField(state: MergedInterruption): Pick<Outcome, "notice"> {
  if (state.kind !== "interrupted") return {};
  const source = state.notices.map((notice) => notice.source).join(", ");
  const leadMs = Math.round(state.deadline.atMs - state.firstHeardAtMs);
  return { notice: { source, action: state.action, cause: state.cause, leadMs } };
}

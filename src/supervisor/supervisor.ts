import { SpotproofError, reasonOf } from "../base/index.ts";
import { AttemptState } from "./attempt-state.ts";
import { channelHandlers } from "./channel-handlers.ts";
import type { CommandExit } from "./command-end.ts";
import { concludeAttempt, recordBreakdown } from "./conclude.ts";
import { FolderKeeper } from "./folder-keeper.ts";
import { type HeartbeatParts, keepBeating } from "./heartbeat.ts";
import type { JobChannel } from "./job-channel/channel-server.ts";
import { liveUntilVerdict } from "./lives.ts";
import { ProgressEvents } from "./progress-events.ts";
import type { RunParts } from "./run-parts.ts";

// Supervising one attempt: restore, run, save, stop in time, record how it ended.
//
//   I3. On a notice the folder is saved at once, the command keeps working, and ends before the deadline.
//   I4. When `supervise` resolves or rejects, no process that the command started is alive.
//   J3. A later claim ends the command at once.
//   J5. Interruptions and failures are counted apart.
//   E1. "completed" is recorded after the last state is durable, and returned after the record is.

/** How a supervised attempt ended. */
export type RunEnd =
  | { readonly kind: "completed" }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "stopped"; readonly reason: string }
  /** For good. `exit` has the command's own status. */
  | { readonly kind: "failed"; readonly reason: string; readonly exit: CommandExit }
  | { readonly kind: "fenced-out" };

/** What the pieces of one supervision share. */
export interface Supervision {
  readonly parts: RunParts;
  readonly state: AttemptState;
  readonly keeper: FolderKeeper | undefined;
  /** Whether the command has heard of an interruption from us. */
  readonly told: { value: boolean };
}

/**
 * Runs one attempt of a job to its end and records its outcome.
 * @throws SpotproofError when the folder cannot be restored (`no-usable-checkpoint`, `disk-full` …), when the first
 *   save is impossible, or when the last state of a finished job cannot be made durable; the attempt is then recorded
 *   as failed, if the store can be written at all.
 */
export async function supervise(given: RunParts): Promise<RunEnd> {
  const events = new ProgressEvents(given.clock, given.onEvent);
  const parts: RunParts = { ...given, onEvent: events.tell };
  const state = new AttemptState(parts);
  const keeper = parts.folder === undefined ? undefined : new FolderKeeper(parts, parts.folder, state);
  const supervision: Supervision = { parts, state, keeper, told: { value: false } };
  const stopBeating = new AbortController();
  const beating = keepBeating(heartbeatParts(parts, state), stopBeating.signal);
  try {
    const channel = await parts.openChannel(channelHandlers(supervision));
    const guardian = parts.startGuardian();
    guardian.tidy(channel.socketPath);
    guardian.watch(parts.attempt.token);
    try {
      const verdict = await liveUntilVerdict(supervision, channel, guardian);
      return await concludeAttempt(supervision, verdict);
    } finally {
      await closeQuietly(channel, parts);
      guardian.dismiss();
    }
  } catch (error) {
    await keeper?.giveUp();
    await recordBreakdown(supervision, error);
    throw error instanceof SpotproofError
      ? error
      : new SpotproofError("internal", reasonOf(error), { cause: error });
  } finally {
    stopBeating.abort();
    await beating;
    events.flush();
  }
}

function heartbeatParts(parts: RunParts, state: AttemptState): HeartbeatParts {
  const { clock, random, attempt, policy, onEvent } = parts;
  return {
    clock,
    random,
    attempt,
    heartbeatMs: policy.heartbeatMs,
    status: () => state.status(),
    onTrouble: (message) =>
      onEvent(message === undefined ? { kind: "store-well" } : { kind: "store-trouble", message }),
  };
}

/** What a job has achieved does not depend on whether its socket could be removed. */
async function closeQuietly(channel: JobChannel, { onEvent }: RunParts): Promise<void> {
  try {
    await channel.close();
  } catch (error) {
    onEvent({ kind: "warning", message: `The job channel could not be closed: ${reasonOf(error)}` });
  }
}

import { isAbsolute, normalize } from "node:path";
import { isUntilRenamed } from "../../supervisor/index.ts";
import { isWithin } from "../fleet/machine-view.ts";
import type { AttemptDraft, CaughtFile } from "./attempt-draft.ts";
import type { CheckpointChanges } from "./checkpoint-changes.ts";
import type { Lane } from "./lane.ts";
import type {
  AloneRun,
  HalfWrittenFile,
  JobAttempt,
  LeftBehindFile,
  OutputComparison,
  RehearsedJob,
} from "./record.ts";
import { progressInCheckpoint, shareWork } from "./work-positions.ts";

/** What is known of a job beside its lane. */
export interface JobFacts {
  readonly alone: AloneRun | undefined;
  readonly outputs: readonly OutputComparison[];
  readonly changes: CheckpointChanges;
}

/** What became of a job, when its lane is closed. */
export function jobFacts(lane: Lane, { alone, outputs, changes }: JobFacts): RehearsedJob {
  const { command } = lane.parts;
  return {
    id: command.id,
    title: command.title,
    command: command.shown,
    supervised: command.supervision !== undefined,
    alone,
    machines: lane.machines.map((machine) => machine.life()),
    attempts: attemptFacts(lane, changes),
    finishedMs: lane.finishedMs,
    gaveUp: lane.gaveUp,
    outputs,
    leftBehind: leftBehind(lane),
    halfWritten: halfWritten(lane),
    lastWords: lane.lastWords,
  };
}

function attemptFacts(lane: Lane, changes: CheckpointChanges): readonly JobAttempt[] {
  const { attempts } = lane;
  const nowMs = lane.parts.time.now();
  const shares = shareWork(attempts, (checkpoint) => changes.newest(checkpoint), lane.completedBy, nowMs);
  return [...attempts]
    .sort((a, b) => a.number - b.number)
    .map((draft) => {
      const { usefulMs, lostMs } = shares.get(draft) ?? { usefulMs: 0, lostMs: 0 };
      return {
        number: draft.number,
        machine: draft.machine,
        fromMs: draft.fromMs,
        workFromMs: draft.workFromMs,
        toMs: draft.toMs ?? nowMs,
        end: draft.end ?? { kind: "unfinished", reason: "the rehearsal ended before it did" },
        resumedFrom: draft.resumedFrom,
        restoreMs: draft.restoreMs,
        saves: draft.saves,
        progress: draft.progress,
        heardMs: draft.heardMs,
        usefulMs,
        lostMs,
        lostProgress: lostProgress(draft, attempts),
        killed: draft.killed,
        leftRunning: draft.leftRunning,
        skippedCheckpoints: draft.skippedCheckpoints,
        restarts: draft.restarts,
      };
    });
}

/** Progress that an attempt had reported and that its successor did not begin with. */
function lostProgress(draft: AttemptDraft, attempts: readonly AttemptDraft[]): number | undefined {
  const reached = draft.progress.at(-1)?.done;
  const [successor] = attempts
    .filter(({ number, workFromMs }) => number > draft.number && workFromMs !== undefined)
    .sort((a, b) => a.number - b.number);
  if (reached === undefined || successor === undefined) return undefined;
  const kept =
    successor.resumedFrom === undefined ? 0 : progressInCheckpoint(successor.resumedFrom, attempts);
  return Math.max(0, reached - kept);
}

function leftBehind(lane: Lane): readonly LeftBehindFile[] {
  const { command } = lane.parts;
  const folder = command.supervision?.checkpointFolder;
  const saved = folder === undefined ? undefined : normalize(folder);
  const last = lane.completedBy?.machine ?? lane.completedOn?.number;
  return lane.machines.flatMap(({ number, remains }) =>
    (remains?.files ?? [])
      .filter(({ path }) => saved === undefined || isAbsolute(path) || !isWithin(path, saved))
      .map(({ path, where, bytes, wiped }) => ({
        path,
        where,
        bytes,
        machine: number,
        afterCompletion: number === last,
        ...(wiped ? {} : { uncertain: true }),
      })),
  );
}

function halfWritten({ attempts }: Lane): readonly HalfWrittenFile[] {
  const restored = new Set(attempts.map(({ resumedFrom }) => resumedFrom));
  // A file that was never saved whole is not known to be rewritten in place, but a start that failed from it tells.
  const failedFrom = new Set(
    attempts.filter(({ end }) => end?.kind === "failed").map(({ resumedFrom }) => resumedFrom),
  );
  return attempts.flatMap(({ caught, open }) => {
    const isCaught = (file: CaughtFile): boolean =>
      caught.some(({ path, checkpoint }) => path === file.path && checkpoint === file.checkpoint);
    const suspected = open.filter(
      (file) => failedFrom.has(file.checkpoint) && !isCaught(file) && !isUntilRenamed(file.path),
    );
    return [...caught, ...suspected].map((file) => ({ ...file, restored: restored.has(file.checkpoint) }));
  });
}

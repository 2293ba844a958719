import type {
  InterruptionHappening,
  JobAttempt,
  MachineLife,
  RehearsalRecord,
  RehearsedJob,
} from "../rehearsal/record.ts";
import { type ProgressCurve, progressCurve } from "./progress-curve.ts";

// What reports draw, still in ms: the same for the terminal and the page.

/** What a stretch of a machine's time was. */
export type SpanKind =
  /** There was no machine: capacity was awaited. */
  | "waiting"
  /** The machine was there, the job's command did not run on it. */
  | "idle"
  /** From the attempt's start to its command's: claiming, restoring. */
  | "start"
  /** Work that somebody built on. */
  | "work"
  /** Work that was done for nothing. */
  | "lost"
  /** The machine stood still. */
  | "still";

/** A stretch of time. */
export interface Span {
  readonly kind: SpanKind;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A machine as it is drawn. */
export interface MachineTrack {
  readonly machine: MachineLife;
  /** In order, without overlap; the first may be `waiting`, before the machine's start. */
  readonly spans: readonly Span[];
  readonly attempts: readonly JobAttempt[];
  /** When saves had become durable, in order. */
  readonly saves: readonly number[];
  /** When it was heard that the machine would go. */
  readonly heardMs?: number | undefined;
  /** The job was completed on it, at that moment. */
  readonly completedMs?: number | undefined;
  /** It was taken away, at that moment. */
  readonly takenMs?: number | undefined;
  /** Its command failed, at those moments. */
  readonly failedMs: readonly number[];
}

/** Machines that are drawn on one line, because they follow one another. */
export interface Lane {
  readonly tracks: readonly MachineTrack[];
}

/** A job as it is drawn. */
export interface JobTimeline {
  readonly job: RehearsedJob;
  readonly lanes: readonly Lane[];
  readonly progress?: ProgressCurve | undefined;
}

/** An interruption as it is drawn: from its first sign to its end. */
export interface Band {
  readonly interruption: InterruptionHappening;
  readonly fromMs: number;
  readonly toMs: number;
  /** Nothing ended: it was a warning only, or was taken back. */
  readonly harmless: boolean;
}

/** Everything that is drawn. */
export interface Timeline {
  readonly fromMs: number;
  readonly toMs: number;
  readonly bands: readonly Band[];
  readonly jobs: readonly JobTimeline[];
}

/** The longest list of machines that still gets a line for each. */
const MOST_LINES = 10;

/** Lays out what happened. */
export function timelineOf(record: RehearsalRecord): Timeline {
  const jobs = record.jobs.map((job) => {
    const tracks = tracksOf(job);
    return {
      job,
      lanes: tracks.length <= MOST_LINES ? tracks.map((track) => ({ tracks: [track] })) : packed(tracks),
      progress: progressCurve(job),
    };
  });
  const machines = record.jobs.flatMap((job) => job.machines);
  const bands = record.interruptions.flatMap(bandOf);
  const ends = [...machines, ...bands];
  const fromMs = least(machines.map((machine) => machine.fromMs)) ?? 0;
  const toMs = most(ends.map((end) => end.toMs)) ?? record.tookMs;
  // A rehearsal's first milliseconds are nobody's business; what ran alone before it is not on this axis.
  return { fromMs: fromMs < toMs / 20 ? 0 : fromMs, toMs: Math.max(toMs, fromMs + 1), bands, jobs };
}

/** A part of a timeline: what lies outside is left out, what reaches out is cut. */
export function partOf(timeline: Timeline, fromMs: number, toMs: number): Timeline {
  const inside = (ms: number): boolean => ms >= fromMs && (ms < toMs || ms >= timeline.toMs);
  const insideOnly = (ms: number | undefined): number | undefined =>
    ms !== undefined && inside(ms) ? ms : undefined;
  const track = (whole: MachineTrack): MachineTrack => ({
    ...whole,
    spans: whole.spans
      .map((span) => ({ ...span, fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) }))
      .filter((span) => span.toMs > span.fromMs),
    saves: whole.saves.filter(inside),
    heardMs: insideOnly(whole.heardMs),
    completedMs: insideOnly(whole.completedMs),
    takenMs: insideOnly(whole.takenMs),
    failedMs: whole.failedMs.filter(inside),
  });
  const jobs = timeline.jobs.map((job) => ({
    ...job,
    lanes: job.lanes
      .map((lane) => ({ tracks: lane.tracks.map(track).filter((part) => part.spans.length > 0) }))
      .filter((lane) => lane.tracks.length > 0),
  }));
  return { fromMs, toMs, jobs, bands: timeline.bands.filter((band) => inside(band.toMs)) };
}

function bandOf(interruption: InterruptionHappening): readonly Band[] {
  const { rebalanceMs, noticeMs, cancelledMs, endMs, pausedMs } = interruption;
  const moments = [rebalanceMs, noticeMs, cancelledMs, endMs, pausedMs].filter(
    (moment) => moment !== undefined,
  );
  const [fromMs, toMs] = [least(moments), most(moments)];
  if (interruption.skipped === true || fromMs === undefined || toMs === undefined) return [];
  return [{ interruption, fromMs, toMs, harmless: endMs === undefined && pausedMs === undefined }];
}

function tracksOf(job: RehearsedJob): readonly MachineTrack[] {
  const machines = [...job.machines].sort((a, b) => a.fromMs - b.fromMs || a.number - b.number);
  let coveredMs = machines[0]?.fromMs ?? 0;
  return machines.map((machine) => {
    const attempts = job.attempts
      .filter((attempt) => attempt.machine === machine.number)
      .sort((a, b) => a.fromMs - b.fromMs);
    const waiting: Span[] =
      machine.fromMs > coveredMs ? [{ kind: "waiting", fromMs: coveredMs, toMs: machine.fromMs }] : [];
    coveredMs = Math.max(coveredMs, machine.toMs);
    return {
      machine,
      attempts,
      spans: [...waiting, ...spansOf(machine, attempts)],
      saves: attempts.flatMap((attempt) => attempt.saves.map((save) => save.atMs)).sort((a, b) => a - b),
      heardMs: most(attempts.flatMap((attempt) => attempt.heardMs ?? [])),
      completedMs: attempts.find((attempt) => attempt.end.kind === "completed")?.toMs,
      takenMs: machine.end === "released" ? undefined : machine.toMs,
      failedMs: attempts.filter((attempt) => attempt.end.kind === "failed").map((attempt) => attempt.toMs),
    };
  });
}

function spansOf(machine: MachineLife, attempts: readonly JobAttempt[]): readonly Span[] {
  const within = (ms: number): number => Math.min(Math.max(ms, machine.fromMs), machine.toMs);
  const spans: Span[] = [];
  let atMs = machine.fromMs;
  const until = (kind: SpanKind, ms: number): void => {
    const toMs = within(ms);
    if (toMs > atMs) spans.push({ kind, fromMs: atMs, toMs });
    atMs = Math.max(atMs, toMs);
  };
  for (const attempt of attempts) {
    until("idle", attempt.fromMs);
    until("start", attempt.workFromMs ?? attempt.toMs);
    const workFromMs = atMs;
    const toMs = Math.max(atMs, within(attempt.toMs));
    until("work", lostSince(workFromMs, toMs, attempt.lostMs, machine.pauses));
    until("lost", toMs);
  }
  until("idle", machine.toMs);
  return machine.pauses.reduce<readonly Span[]>(cutOut, spans);
}

/** From where on the work until `toMs` was lost: so much working time before it, pauses not counted. */
function lostSince(fromMs: number, toMs: number, lostMs: number, pauses: MachineLife["pauses"]): number {
  let atMs = toMs;
  let leftMs = lostMs;
  for (const pause of [...pauses].sort((a, b) => b.fromMs - a.fromMs)) {
    if (pause.fromMs >= atMs) continue;
    const workedMs = Math.max(0, atMs - Math.max(pause.toMs, fromMs));
    if (workedMs >= leftMs) break;
    leftMs -= workedMs;
    atMs = pause.fromMs;
  }
  return Math.max(fromMs, atMs - leftMs);
}

function cutOut(
  spans: readonly Span[],
  pause: { readonly fromMs: number; readonly toMs: number },
): readonly Span[] {
  const firstMs = spans[0]?.fromMs ?? pause.fromMs;
  const lastMs = spans.at(-1)?.toMs ?? pause.toMs;
  const still: Span = {
    kind: "still",
    fromMs: Math.max(pause.fromMs, firstMs),
    toMs: Math.min(pause.toMs, lastMs),
  };
  const cut = spans.flatMap((span) => [
    { ...span, toMs: Math.min(span.toMs, still.fromMs) },
    { ...span, fromMs: Math.max(span.fromMs, still.toMs) },
  ]);
  return [...cut, still].filter((span) => span.toMs > span.fromMs).sort((a, b) => a.fromMs - b.fromMs);
}

/** As few lanes as the machines need that were there at the same time. */
function packed(tracks: readonly MachineTrack[]): readonly Lane[] {
  const lanes: { tracks: MachineTrack[]; untilMs: number }[] = [];
  for (const track of tracks) {
    const beginsMs = track.spans[0]?.fromMs ?? track.machine.fromMs;
    let lane = lanes.find((candidate) => candidate.untilMs <= beginsMs);
    if (lane === undefined) {
      lane = { tracks: [], untilMs: 0 };
      lanes.push(lane);
    }
    lane.tracks.push(track);
    lane.untilMs = track.machine.toMs;
  }
  return lanes;
}

// Not Math.min(...values): a record may hold more moments than a call may have arguments.
function least(values: readonly number[]): number | undefined {
  return values.reduce<number | undefined>((best, value) => Math.min(best ?? value, value), undefined);
}

function most(values: readonly number[]): number | undefined {
  return values.reduce<number | undefined>((best, value) => Math.max(best ?? value, value), undefined);
}

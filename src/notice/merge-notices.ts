import type { Clock, Deadline, MonotonicMs } from "../base/index.ts";
import type { Notice } from "./notice.ts";
import type { SourceReport } from "./notice-source.ts";

/** What all sources together say at this moment: one interruption is one record (I1, D16). */
export type MergedInterruption =
  | { readonly kind: "quiet" }
  /** Only warnings without a deadline that is near. */
  | { readonly kind: "early"; readonly notices: readonly Notice[] }
  | {
      readonly kind: "interrupted";
      /** The earliest of all notices and layers (D13, D19, D20). */
      readonly deadline: Deadline;
      /** True when the deadline comes from a notice without a readable time. */
      readonly deadlineAssumed: boolean;
      /** The layer whose grace ends first, when it is that and not a notice that sets the deadline. */
      readonly limitedBy?: string | undefined;
      /** Action and cause of the notice with the earliest deadline. */
      readonly action: Notice["action"];
      readonly cause: string;
      readonly firstHeardAtMs: MonotonicMs;
      /** Every interruption that is announced, the earliest deadline first. */
      readonly notices: readonly Notice[];
    };

/** How one source does. */
interface SourceHealth {
  readonly source: string;
  readonly kind: "listening" | "blind" | "absent";
  /** Since when it is of this kind. */
  readonly sinceMs: MonotonicMs;
  /** What it listens to, or why it does not. */
  readonly detail: string;
}

/**
 * Something around this process that grants only so much time, such as a container's stop timeout (D19). It counts from the
 * signal that asks this process to end, or from the first notice of any kind.
 */
export interface GraceLayer {
  readonly name: string;
  readonly graceMs: number;
  readonly from: "signal" | "first-notice";
}

/** What changed. Plain data. */
export type InterruptionChange =
  | { readonly kind: "state"; readonly before: MergedInterruption; readonly after: MergedInterruption }
  /** A source changed, or said something new about itself. */
  | { readonly kind: "health"; readonly health: SourceHealth };

/** The one record of what is announced. */
export interface InterruptionRecord {
  state(): MergedInterruption;
  /** Every source that has spoken, by name. */
  sources(): readonly SourceHealth[];
  /** Names of sources that hear nothing at the moment. */
  blindSources(): readonly string[];
  /** Takes in what a source tells. */
  hear(report: SourceReport): void;
  /** Adds a limit. It holds for what is announced already, too. */
  addLayer(layer: GraceLayer): void;
  /** Calls `listener` after each change; gives the function that ends that. */
  onChange(listener: (change: InterruptionChange) => void): () => void;
}

/** For an interruption whose source named no deadline at all: the shortest documented lead of a Spot notice. */
const ASSUMED_LEAD_MS = 120_000;

/** Nothing announced, no source known. */
export function createInterruptionRecord(clock: Clock): InterruptionRecord {
  return new RecordOfAll(clock);
}

/** A notice, and when it was first heard in its present kind. */
interface Heard {
  readonly notice: Notice;
  readonly atMs: MonotonicMs;
}

class RecordOfAll implements InterruptionRecord {
  readonly #clock: Clock;
  readonly #heard = new Map<string, Heard>();
  readonly #health = new Map<string, SourceHealth>();
  readonly #layers: GraceLayer[] = [];
  readonly #listeners = new Set<(change: InterruptionChange) => void>();
  #state: MergedInterruption = { kind: "quiet" };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  state(): MergedInterruption {
    return this.#state;
  }

  sources(): readonly SourceHealth[] {
    return [...this.#health.values()].sort((a, b) => compare(a.source, b.source));
  }

  blindSources(): readonly string[] {
    return this.sources().flatMap(({ kind, source }) => (kind === "blind" ? [source] : []));
  }

  hear(report: SourceReport): void {
    switch (report.kind) {
      case "noticed":
        this.#heard.set(report.notice.id, this.#merged(report.notice));
        return this.#update();
      case "cleared":
        this.#heard.delete(report.noticeId);
        return this.#update();
      case "listening":
        return this.#setHealth(report.source, "listening", report.detail);
      case "blind":
      case "absent":
        return this.#setHealth(report.source, report.kind, report.reason);
      default:
        report satisfies never;
    }
  }

  addLayer(layer: GraceLayer): void {
    this.#layers.push(layer);
    this.#update();
  }

  onChange(listener: (change: InterruptionChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The same event seen again: the earliest deadline stays, and an interruption stays one (D06). */
  #merged(seen: Notice): Heard {
    const now = this.#clock.now();
    const fresh: Heard = { notice: this.#withDeadline(seen, now), atMs: now };
    const before = this.#heard.get(seen.id);
    if (before === undefined) return fresh;
    if (before.notice.kind !== fresh.notice.kind) {
      return before.notice.kind === "interruption" ? before : fresh;
    }
    const kept = deadlineAt(before.notice) <= deadlineAt(fresh.notice) ? before.notice : fresh.notice;
    const { deadline, deadlineAssumed } = kept;
    return { notice: { ...fresh.notice, deadline, deadlineAssumed }, atMs: before.atMs };
  }

  /** An interruption always has a deadline, even from a source that breaks its contract. */
  #withDeadline(notice: Notice, now: MonotonicMs): Notice {
    if (notice.kind === "early-signal" || Number.isFinite(notice.deadline?.atMs)) return notice;
    return { ...notice, deadline: { atMs: now + ASSUMED_LEAD_MS }, deadlineAssumed: true };
  }

  #update(): void {
    const before = this.#state;
    this.#state = merge([...this.#heard.values()], this.#layers);
    if (fingerprint(before) !== fingerprint(this.#state))
      this.#tell({ kind: "state", before, after: this.#state });
  }

  #setHealth(source: string, kind: SourceHealth["kind"], detail: string): void {
    const before = this.#health.get(source);
    if (before?.kind === kind && before.detail === detail) return;
    const sinceMs = before?.kind === kind ? before.sinceMs : this.#clock.now();
    const health: SourceHealth = { source, kind, sinceMs, detail };
    this.#health.set(source, health);
    this.#tell({ kind: "health", health });
  }

  #tell(change: InterruptionChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Depends only on what was heard, not on the order in which it was. */
function merge(heard: readonly Heard[], layers: readonly GraceLayer[]): MergedInterruption {
  const interruptions = heard
    .filter(({ notice }) => notice.kind === "interruption")
    .sort((a, b) => deadlineAt(a.notice) - deadlineAt(b.notice) || compare(a.notice.id, b.notice.id));
  const [first] = interruptions;
  if (first === undefined) {
    const early = heard.map(({ notice }) => notice).sort((a, b) => compare(a.id, b.id));
    return early.length === 0 ? { kind: "quiet" } : { kind: "early", notices: early };
  }
  const limit = earliestLimit(interruptions, layers);
  const noticeAtMs = deadlineAt(first.notice);
  const isLimited = limit !== undefined && limit.atMs < noticeAtMs;
  return {
    kind: "interrupted",
    deadline: { atMs: isLimited ? limit.atMs : noticeAtMs },
    deadlineAssumed: !isLimited && first.notice.deadlineAssumed,
    ...(isLimited ? { limitedBy: limit.name } : {}),
    action: first.notice.action,
    cause: first.notice.cause,
    firstHeardAtMs: Math.min(...interruptions.map(({ atMs }) => atMs)),
    notices: interruptions.map(({ notice }) => notice),
  };
}

function earliestLimit(
  interruptions: readonly Heard[],
  layers: readonly GraceLayer[],
): { readonly name: string; readonly atMs: MonotonicMs } | undefined {
  const limits = layers.flatMap(({ name, graceMs, from }) =>
    interruptions
      .filter(({ notice }) => from === "first-notice" || notice.action === "end-process")
      .map(({ atMs }) => ({ name, atMs: atMs + graceMs })),
  );
  return limits.sort((a, b) => a.atMs - b.atMs || compare(a.name, b.name))[0];
}

function deadlineAt(notice: Notice): MonotonicMs {
  return notice.deadline?.atMs ?? Number.POSITIVE_INFINITY;
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Equal for two states that nobody needs to tell apart. */
function fingerprint(state: MergedInterruption): string {
  if (state.kind === "quiet") return state.kind;
  const notices = state.notices.map(({ id, deadline }) => [id, deadline?.atMs]);
  return JSON.stringify([state.kind, state.kind === "interrupted" ? state.deadline.atMs : null, notices]);
}

import type { MonotonicMs } from "../base/index.ts";
import type { MergedInterruption } from "../notice/index.ts";
import type { AttemptState } from "./attempt-state.ts";
import { Bell } from "./bell.ts";
import type { CommandExit, StopCause } from "./command-end.ts";
import type { KillReason } from "./events.ts";
import type { FolderKeeper } from "./folder-keeper.ts";
import type { ProcessEntry } from "./process-tree/process-table.ts";
import type { RunParts } from "./run-parts.ts";
import { type RunningCommand, type StopReport, stopCommand } from "./running-command.ts";
import { automaticIntervalMs } from "./save-forecast.ts";
import { type TimePlan, planStop } from "./time-plan.ts";

// One life of the command, from its start to the end of its last process.
//
//   running ── interruption ──▶ announced: saved at once, keeps working ── stop time ──▶ stopping ──▶ ended
//      │            ▲                 │ taken back                                          ▲
//      │            └─────────────────┘                                                     │
//      ├── Ctrl-C, later claim ─────────────────────────────────────────────────────────────┤
//      └── the first process ends by itself ──▶ the rest may linger ────────────────────────┘
//
// The loop looks at everything after each ring of the bell; handlers only ring (S07).

/** How a life ended, with the evidence for judging it. */
export interface LifeEnd {
  readonly exit: CommandExit;
  readonly ranMs: number;
  readonly stopCause: StopCause | undefined;
}

/** In automatic mode the first save comes early, so that its cost is known before a notice comes. */
const FIRST_SAVE_MS = 10_000;

/** How long processes that were left behind may take to end after SIGTERM, in ms. */
const LEFT_BEHIND_GRACE_MS = 2000;

/** How often lingering processes make us look whether their time is still as long, in ms. */
const LOOK_AGAIN_MS = 250;

type Interrupted = Extract<MergedInterruption, { kind: "interrupted" }>;

type Stopping = {
  readonly cause: StopCause;
  readonly report: Promise<StopReport>;
  readonly killNow: AbortController;
};

/** What a life needs beside the parts of the run. */
export interface LifeContext {
  readonly parts: RunParts;
  readonly state: AttemptState;
  readonly keeper: FolderKeeper | undefined;
  readonly running: RunningCommand;
  /** Set by the job channel when it has answered that there is an interruption. */
  readonly told: { value: boolean };
}

/** Watches over one life of the command. */
export class CommandLife {
  readonly #parts: RunParts;
  readonly #context: LifeContext;
  readonly #bell: Bell;
  readonly #startedAtMs: MonotonicMs;
  #exit: CommandExit | undefined;
  #stopping: Stopping | undefined;
  #stopFailed = false;
  #announced = false;
  readonly #earlySeen = new Set<string>();
  #nextSaveAtMs: MonotonicMs | undefined;

  constructor(context: LifeContext) {
    this.#context = context;
    this.#parts = context.parts;
    this.#bell = new Bell(context.parts.clock);
    this.#startedAtMs = context.parts.clock.now();
    this.#nextSaveAtMs = this.#firstSaveAt();
  }

  /** Resolves when no process of the command is alive any more. */
  async untilEnd(): Promise<LifeEnd> {
    const { interruptions, userStop, attempt, clock } = this.#parts;
    const { running } = this.#context;
    const silences = [
      interruptions.onChange(this.#bell.ring),
      userStop.onChange(this.#bell.ring),
      this.#parts.onForwardedSignal((signal) => this.#parts.processes.signal(running.pid, signal)),
    ];
    attempt.fencedOut.addEventListener("abort", this.#bell.ring);
    void running.exit.then((exit) => {
      this.#exit = exit;
      this.#bell.ring();
    });
    try {
      while (this.#exit === undefined) {
        const wakeAtMs = this.#look();
        await this.#bell.waitUntil(wakeAtMs);
        // A process that cannot even be killed must not make us wait for ever.
        if (this.#stopFailed) await this.#stopping?.report;
      }
      const exit = this.#exit;
      const ranMs = clock.now() - this.#startedAtMs;
      this.#parts.onEvent({ kind: "command-ended", exit, ranMs });
      // A crash may have torn the folder: a save that has not captured it yet must not do so now (S10).
      const ended = exit.kind === "exited" && exit.status === 0;
      if (this.#stopping === undefined && !ended) await this.#context.keeper?.giveUp();
      await this.#untilAlone();
      return { exit, ranMs, stopCause: this.#stopping?.cause };
    } finally {
      for (const silence of silences) silence();
      attempt.fencedOut.removeEventListener("abort", this.#bell.ring);
    }
  }

  /** Looks at everything once and acts. Gives the moment at which to look again without being rung for. */
  #look(): MonotonicMs | undefined {
    const { attempt, userStop, interruptions, clock } = this.#parts;
    if (attempt.fencedOut.aborted) return this.#stop("fenced-out", "at-once");
    if (userStop.level() === 2) return this.#stop("user", "at-once");
    if (userStop.level() === 1) return this.#stop("user", "in-order");
    if (this.#stopping !== undefined) return undefined;
    const interruption = interruptions.state();
    if (interruption.kind === "interrupted") return this.#prepareToLeave(interruption);
    if (this.#announced) this.#interruptionCleared();
    if (interruption.kind === "early") this.#heedEarlySignals(interruption);
    if (this.#nextSaveAtMs !== undefined && clock.now() >= this.#nextSaveAtMs) this.#saveByInterval();
    return this.#nextSaveAtMs;
  }

  /** I3: save at once, keep working, and stop just in time. */
  #prepareToLeave(interruption: Interrupted): MonotonicMs | undefined {
    const { clock, onEvent, attempt, policy, processes } = this.#parts;
    const { keeper, running, told } = this.#context;
    const plan = this.#plan(interruption);
    if (!this.#announced) {
      this.#announced = true;
      const leadMs = interruption.deadline.atMs - clock.now();
      onEvent({ kind: "interruption-heard", cause: interruption.cause, action: interruption.action, leadMs });
      attempt.note("interruption-heard", {
        cause: interruption.cause,
        action: interruption.action,
        leadMs: Math.round(leadMs),
      });
      if (policy.noticeSignal !== undefined) {
        processes.signal(running.pid, policy.noticeSignal);
        told.value = true;
      }
      const hasTime = plan.stopAtMs > clock.now();
      // Looks again when it is done: what was learned may move the moment of stopping. Without time to let the command
      // work, the last save is the only one: this one would be in its way.
      if (policy.commitBy === "spotproof" && hasTime) void keeper?.save("notice").then(this.#bell.ring);
      onEvent({
        kind: "stop-planned",
        inMs: plan.stopAtMs - clock.now(),
        killInMs: plan.killAtMs - clock.now(),
      });
    }
    if (clock.now() >= plan.stopAtMs) return this.#stop("interruption", "in-order");
    // A long lead is no reason to save less often than without one; a save that would not be over in time is.
    const nextSaveAtMs = this.#nextSaveAtMs ?? Number.POSITIVE_INFINITY;
    if (nextSaveAtMs + (keeper?.nextSaveMs ?? 0) >= plan.stopAtMs) return plan.stopAtMs;
    if (clock.now() >= nextSaveAtMs) this.#saveByInterval();
    return Math.min(plan.stopAtMs, this.#nextSaveAtMs ?? plan.stopAtMs);
  }

  #plan(interruption: Interrupted): TimePlan {
    const { keeper, parts } = this.#context;
    const savesAtEnd = keeper !== undefined && parts.policy.commitBy === "spotproof";
    return planStop({
      nowMs: parts.clock.now(),
      heardAtMs: interruption.firstHeardAtMs,
      deadlineMs: interruption.deadline.atMs,
      finalSaveMs: savesAtEnd ? keeper.nextSaveMs : 0,
      stopGraceMs: parts.policy.stopGraceMs,
    });
  }

  #interruptionCleared(): void {
    this.#announced = false;
    this.#parts.attempt.note("interruption-cleared");
    this.#parts.onEvent({ kind: "interruption-cleared" });
  }

  #heedEarlySignals(state: Extract<MergedInterruption, { kind: "early" }>): void {
    for (const notice of state.notices) {
      if (this.#earlySeen.has(notice.id)) continue;
      this.#earlySeen.add(notice.id);
      this.#parts.onEvent({ kind: "early-signal", cause: notice.cause });
      this.#parts.attempt.note("early-signal", { cause: notice.cause });
      if (this.#parts.policy.commitBy === "spotproof") void this.#context.keeper?.save("early-signal");
    }
  }

  #saveByInterval(): void {
    const { keeper } = this.#context;
    this.#nextSaveAtMs = undefined;
    void keeper?.save("interval").then(() => {
      const { clock, policy } = this.#parts;
      this.#nextSaveAtMs = clock.now() + (policy.saveEveryMs ?? automaticIntervalMs(keeper.lastSaveMs));
      this.#bell.ring();
    });
  }

  #firstSaveAt(): MonotonicMs | undefined {
    const { policy, clock } = this.#parts;
    if (this.#context.keeper === undefined || policy.commitBy === "program") return undefined;
    return clock.now() + (policy.saveEveryMs ?? FIRST_SAVE_MS);
  }

  #stop(cause: StopCause, how: "in-order" | "at-once"): undefined {
    if (this.#stopping === undefined) {
      const { clock, policy, onEvent } = this.#parts;
      const askedAtMs = clock.now();
      // A terminal's Ctrl-C would have reached the command as SIGINT; it still does.
      const signal = cause === "user" ? "SIGINT" : policy.stopSignal;
      const killNow = new AbortController();
      const killAtMs = (): MonotonicMs => this.#killAtMs(askedAtMs);
      if (how === "at-once") killNow.abort();
      onEvent({ kind: "stopping", cause, signal: how === "at-once" ? "SIGKILL" : signal });
      this.#context.state.phase = "stopping";
      const order = {
        signal,
        afterwards: policy.stopSignal,
        to: policy.stopTo,
        killAtMs,
        killNow: killNow.signal,
      };
      const report = stopCommand(this.#context.running, order, { clock });
      this.#stopping = { cause, killNow, report };
      report.catch(() => {
        this.#stopFailed = true;
        this.#bell.ring();
      });
    }
    if (how === "at-once") this.#stopping.killNow.abort();
  }

  /** When asking is over: the grace, or what an interruption (which may come or move meanwhile) leaves of it. */
  #killAtMs(askedAtMs: MonotonicMs): MonotonicMs {
    const byGrace = askedAtMs + this.#parts.policy.stopGraceMs;
    const interruption = this.#parts.interruptions.state();
    return interruption.kind === "interrupted"
      ? Math.min(byGrace, this.#plan(interruption).killAtMs)
      : byGrace;
  }

  /** After the first process has ended: waits for the others, within limits, and kills what is left (S02, S03). */
  async #untilAlone(): Promise<void> {
    const { tree } = this.#context.running;
    const { attempt, userStop } = this.#parts;
    if (this.#stopping === undefined) {
      const left = await this.#linger();
      if (left.length === 0) return;
      if (!attempt.fencedOut.aborted && userStop.level() < 2) {
        tree.ask("SIGTERM", "group");
        await tree.waitUntilEmpty(LEFT_BEHIND_GRACE_MS, attempt.fencedOut);
      }
      return this.#record(
        await tree.killAll(LEFT_BEHIND_GRACE_MS),
        "left behind by the command",
        left.map((entry) => entry.name),
      );
    }
    // Whoever presses Ctrl-C again, or claims the job, while the rest is ending must still be heard.
    const done = this.#stopping.report.then(() => true);
    while (!(await Promise.race([done, this.#bell.waitUntil(undefined).then(() => false)]))) this.#look();
    const { killed } = await this.#stopping.report;
    this.#record(
      killed,
      this.#stopping.killNow.signal.aborted ? "killed at once" : "did not end when asked",
      [],
    );
  }

  /** Lets what is left go on for the linger, or what an interruption, a Ctrl-C or a later claim leaves of it. */
  async #linger(): Promise<readonly ProcessEntry[]> {
    const { clock, attempt, userStop, interruptions, policy } = this.#parts;
    const lingerUntilMs = clock.now() + policy.lingerMs;
    for (;;) {
      const interruption = interruptions.state();
      const untilMs =
        interruption.kind === "interrupted"
          ? Math.min(lingerUntilMs, this.#plan(interruption).killAtMs)
          : lingerUntilMs;
      const mustEnd = attempt.fencedOut.aborted || userStop.level() > 0;
      const leftMs = mustEnd ? 0 : untilMs - clock.now();
      const left = await this.#context.running.tree.waitUntilEmpty(
        Math.min(LOOK_AGAIN_MS, leftMs),
        attempt.fencedOut,
      );
      if (left.length === 0 || leftMs <= 0) return left;
    }
  }

  #record(killed: readonly string[], why: KillReason, leftBehind: readonly string[]): void {
    const processes = killed.length > 0 ? killed : leftBehind;
    if (processes.length === 0) return;
    this.#context.state.survivorsKilled.push(...processes);
    this.#parts.attempt.note("killed", { why, processes });
    this.#parts.onEvent({ kind: "killed", why, processes });
  }
}

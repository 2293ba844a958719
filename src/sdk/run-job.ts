import { type JobName, formatDuration, parseJobName } from "../base/index.ts";
import { type InterruptionRecord, type NoticeSource, createInterruptionRecord } from "../notice/index.ts";
import { requireFunction } from "./arguments.ts";
import { endOfUnclaimed } from "./ends.ts";
import { type SeededState, freshSeed } from "./job-random.ts";
import { interruptionRate } from "./interruption-rate.ts";
import type { Job, JobEnd, JobOptions } from "./job.ts";
import type { JobSurroundings } from "./job-parts.ts";
import type { Keeper } from "./keeping/keeper.ts";
import { type OpenJobStore, type OpenedAlone, openAlone } from "./keeping/open-alone.ts";
import { openWrapped, wrapperOf } from "./keeping/open-wrapped.ts";
import { Leaving } from "./leaving.ts";
import { listen, listenForStop, ownSources, wrappedSources } from "./listening.ts";
import { LiveJob } from "./live-job.ts";
import { liveToTheEnd } from "./live-to-the-end.ts";
import { Recorder } from "./recorder.ts";
import { type ResolvedOptions, resolveOptions } from "./resolved-options.ts";
import { type FoundRecord, loadRecord } from "./restored-record.ts";

/** The status of a program that the user has stopped, as shells have it: 128 + SIGINT. */
const STOPPED_STATUS = 130;

/** What jobs are run in, and with. */
export interface JobWorld {
  readonly surroundings: JobSurroundings;
  readonly openStore: OpenJobStore;
  /** What can be heard, beside Ctrl-C; the testing kit has a source of its own. */
  readonly sources?: ((surroundings: JobSurroundings) => readonly NoticeSource[]) | undefined;
  /** Where the random numbers of a job begin. Default: somewhere else each time. */
  readonly seed?: (() => SeededState) | undefined;
}

/** One life of a job in a world: from the claim to its recorded end. */
export async function runJobIn<Result>(
  world: JobWorld,
  name: string,
  given: JobOptions,
  work: (job: Job) => Promise<Result> | Result,
): Promise<JobEnd<Result>> {
  const { surroundings } = world;
  const job = parseJobName(name);
  const options = resolveOptions(given, surroundings.workingFolder);
  requireFunction("The work of runJob, its third argument,", work, "async (job) => { … }");
  const interruptions = createInterruptionRecord(surroundings.clock);
  const stop = new UserWish();
  const stopListening = listenForStop(
    surroundings,
    () => stop.stop("Ctrl-C"),
    () => void surroundings.exit(STOPPED_STATUS),
  );
  try {
    const wrapper = wrapperOf(surroundings.environment);
    if (wrapper === undefined) return await runAlone({ world, job, options, interruptions, stop, work });
    if (wrapper.job !== name) {
      const text = `the job is called ${wrapper.job}, as \`spotproof run\` says, not ${name}`;
      surroundings.tell({ level: "info", kind: "job-name", text });
    }
    const { keeper, channel } = openWrapped(wrapper, options.files, surroundings);
    const silence = listen(surroundings, wrappedSources(surroundings, channel), interruptions);
    try {
      return await live({ world, job, options, interruptions, stop, work }, keeper, undefined);
    } finally {
      await keeper.close();
      await silence();
    }
  } finally {
    stopListening();
  }
}

/** What every part of a life is given. */
interface Life<Result> {
  readonly world: JobWorld;
  readonly job: JobName;
  readonly options: ResolvedOptions;
  readonly interruptions: InterruptionRecord;
  readonly stop: UserWish;
  readonly work: (job: Job) => Promise<Result> | Result;
}

async function runAlone<Result>(life: Life<Result>): Promise<JobEnd<Result>> {
  const { world, job, options, interruptions, stop } = life;
  const { surroundings, openStore } = world;
  const sources = world.sources ?? ((all) => ownSources(all, options.signalGraceMs));
  const silence = listen(surroundings, sources(surroundings), interruptions);
  try {
    const opened = await untilLeaving(interruptions, stop, (signal) =>
      openAlone(job, options, surroundings, interruptions, openStore, signal),
    );
    if (opened.kind === "unclaimed")
      return endOfUnclaimed(surroundings, job, opened.claim, stop.cause !== undefined);
    try {
      return await live(life, opened.keeper, opened.pastLives);
    } finally {
      await opened.keeper.close();
    }
  } finally {
    await silence();
  }
}

/** Claims nothing more once the machine is to go, or the user wants to. */
async function untilLeaving(
  interruptions: InterruptionRecord,
  stop: UserWish,
  open: (signal: AbortSignal) => Promise<OpenedAlone>,
): Promise<OpenedAlone> {
  const abort = new AbortController();
  const look = (): void => {
    if (stop.cause !== undefined || interruptions.state().kind === "interrupted") abort.abort();
  };
  const silences = [interruptions.onChange(look), stop.onStop(look)];
  look();
  try {
    return await open(abort.signal);
  } catch (error) {
    if (abort.signal.aborted && error === abort.signal.reason)
      return { kind: "unclaimed", claim: { kind: "aborted" } };
    throw error;
  } finally {
    for (const silence of silences) silence();
  }
}

async function live<Result>(
  life: Life<Result>,
  keeper: Keeper,
  pastLives: Extract<OpenedAlone, { kind: "opened" }>["pastLives"] | undefined,
): Promise<JobEnd<Result>> {
  const { world, options, interruptions, stop, work } = life;
  const { clock, random, tell } = world.surroundings;
  const say: LiveJob["tell"] = (level, kind, text) => tell({ level, kind, text });
  let recorder: Recorder | undefined;
  const nextSaveMs = (): number | undefined => recorder?.forecast.nextSaveMs;
  const leaving = new Leaving({ clock, interruptions, fencedOut: keeper.fencedOut, nextSaveMs });
  const silence = stop.onStop((cause) => leaving.stop(cause));
  // At once: until the next safe point there may be nothing else to be seen.
  leaving.onInterruption(({ cause, remainingMs }) => {
    const within = remainingMs === undefined ? "" : `, within ${formatDuration(remainingMs)}`;
    say("info", "leaving", `${cause}: the job leaves at its next safe point${within}`);
  });
  try {
    return await liveToTheEnd<Result>({ keeper, leaving, tell: say, work }, async () => {
      const found = await loadRecord(keeper);
      sayWhatWasFound(say, keeper, found);
      const restored = found.kind === "restored" ? found.record : undefined;
      const made = new Recorder({
        keeper,
        clock,
        restored: restored?.position,
        seed: world.seed ?? freshSeed,
        onCommitted: (reason, { id }) =>
          say(reason === "interval" ? "debug" : "info", "saved", `saved ${id} (${reason})`),
        onFailed: (reason, error) =>
          say("warn", "save-failed", `a save (${reason}) did not work: ${error.message}`),
      });
      recorder = made;
      if (restored?.progress !== undefined) made.setProgress(restored.progress);
      let rate = interruptionRate([], options.interruptedEveryMs);
      // Beside the work: until it is known, what was assumed will do, and so it will when the store does not tell.
      void pastLives?.().then(
        (past) => {
          rate = interruptionRate(past, options.interruptedEveryMs);
        },
        (error: unknown) => say("debug", "past-unknown", String(error)),
      );
      const leaseMs = pastLives === undefined ? undefined : options.leaseMs;
      return new LiveJob({
        clock,
        random,
        keeper,
        recorder: made,
        leaving,
        restored,
        rate: () => rate,
        leaseMs,
        savesFiles: options.files !== undefined,
        tell: say,
      });
    });
  } finally {
    silence();
    leaving.close();
  }
}

function sayWhatWasFound(say: LiveJob["tell"], keeper: Keeper, found: FoundRecord): void {
  const who = `${keeper.job}, attempt ${keeper.attempt}`;
  switch (found.kind) {
    case "restored":
      return say("info", "resumed", `${who}: goes on from checkpoint ${found.record.id}`);
    case "foreign":
      return say("info", "resumed", `${who}: checkpoint ${found.id} holds files, and no state of a program`);
    case "none":
      if (found.damaged === 0) return say("info", "started", `${who}: begins`);
      return say(
        "warn",
        "no-usable-checkpoint",
        `${who}: ALL ${found.damaged} CHECKPOINTS ARE DAMAGED. The work begins anew. \`spotproof checkpoints verify\` says what is damaged.`,
      );
    default:
      return found satisfies never;
  }
}

/** Whether the user wants the job to end here. */
class UserWish {
  readonly #listeners = new Set<(cause: string) => void>();
  cause: string | undefined;

  stop(cause: string): void {
    if (this.cause !== undefined) return;
    this.cause = cause;
    for (const listener of this.#listeners) listener(cause);
  }

  /** Calls the listener when the user stops the job, at once if that has happened. */
  onStop(listener: (cause: string) => void): () => void {
    if (this.cause !== undefined) listener(this.cause);
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A command that takes part in a rehearsal. */
export interface RehearsedCommand {
  readonly id: "job" | "compare";
  /** For people, such as `with Spotproof` or `as written`. */
  readonly title: string;
  readonly words: readonly [string, ...string[]];
  /** The command as people wrote it. */
  readonly shown: string;
  /** It runs under `spotproof run`; undefined: it runs as it is written. */
  readonly supervision: Supervision | undefined;
}

/** How `spotproof run` is told to look after a command. */
export interface Supervision {
  /** Relative to the working folder. Undefined: the command keeps no folder. */
  readonly checkpointFolder: string | undefined;
  readonly durations: RunDurations;
  /** Further options, handed on as they are. */
  readonly otherOptions: readonly string[];
}

/** Durations of `spotproof run`, in ms, as they are outside of a rehearsal. */
export interface RunDurations {
  readonly every: number;
  readonly heartbeat: number;
  readonly lease: number;
  readonly stopGrace: number;
  readonly metadataPoll: number;
  readonly linger: number;
  readonly retryWait: number;
  readonly signalGrace?: number | undefined;
}

/** What `spotproof run` uses when nobody says otherwise. */
export const USUAL_DURATIONS: RunDurations = {
  every: 60_000,
  heartbeat: 10_000,
  lease: 30_000,
  stopGrace: 30_000,
  metadataPoll: 2000,
  linger: 5000,
  retryWait: 1000,
};

/**
 * However fast time runs, no duration becomes shorter: processes start and files are written at the speed of this computer.
 */
const SHORTEST_MS: Readonly<Record<keyof RunDurations, number>> = {
  every: 250,
  heartbeat: 250,
  lease: 1000,
  stopGrace: 1000,
  metadataPoll: 100,
  linger: 500,
  retryWait: 50,
  signalGrace: 1000,
};

const OPTION: Readonly<Record<keyof RunDurations, string>> = {
  every: "--every",
  heartbeat: "--heartbeat",
  lease: "--lease",
  stopGrace: "--stop-grace",
  metadataPoll: "--metadata-poll",
  linger: "--linger",
  retryWait: "--retry-wait",
  signalGrace: "--signal-grace",
};

/** The name of the job in the rehearsal's own store. */
export const REHEARSED_JOB = "rehearsed";

/** Where one start of a supervised command belongs. */
export interface SupervisedStart {
  /** What starts this program. */
  readonly spotproof: readonly string[];
  readonly command: readonly string[];
  readonly supervision: Supervision;
  readonly store: string;
  readonly logFile: string;
  readonly speed: number;
}

/** The words that start a command under `spotproof run`, with every duration shortened by the speed. */
export function supervisedWords(start: SupervisedStart): readonly [string, ...string[]] {
  const { spotproof, command, supervision, store, logFile, speed } = start;
  const { checkpointFolder, durations, otherOptions } = supervision;
  const [file = "spotproof", ...first] = spotproof;
  const folder = checkpointFolder === undefined ? [] : ["--checkpoint", checkpointFolder];
  const scaled = scaledDurations(durations, speed).flatMap(([name, ms]) => [OPTION[name], `${ms}ms`]);
  const place = ["--job", REHEARSED_JOB, "--store", store, "--log-file", logFile];
  return [file, ...first, "run", ...place, ...folder, ...scaled, ...otherOptions, "--", ...command];
}

/** Durations divided by the speed, in whole ms. */
export function scaledDurations(
  durations: RunDurations,
  speed: number,
): readonly (readonly [keyof RunDurations, number])[] {
  return (Object.keys(SHORTEST_MS) as (keyof RunDurations)[]).flatMap((name) => {
    const ms = durations[name];
    if (ms === undefined) return [];
    return [[name, Math.max(Math.min(ms, SHORTEST_MS[name]), Math.round(ms / speed))] as const];
  });
}

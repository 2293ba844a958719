import { Command, CommanderError, Option } from "commander";
import { basename, relative, resolve } from "node:path";
import { SpotproofError, parseDuration } from "../../base/index.ts";
import type { RehearsedCommand, RunDurations, Supervision } from "../../simulator/index.ts";
import { parseCount, parseShare, parseSpeed } from "../option-values.ts";
import { pathOnDisk } from "../../store/index.ts";
import { SHORTEST_SAVE_INTERVAL_MS, declareRunOptions, isWithin, readRunOptions } from "./run-options.ts";

/** The options of `spotproof rehearse`, as typed. */
export interface RawRehearseOptions {
  readonly scenario: string;
  readonly seed?: string | undefined;
  readonly speed: string;
  readonly checkpoint: string;
  readonly every?: string | undefined;
  readonly asWritten?: boolean | undefined;
  readonly compare?: string | undefined;
  readonly shared?: readonly string[] | undefined;
  readonly input?: readonly string[] | undefined;
  readonly expectSame?: readonly string[] | undefined;
  readonly sameBy?: string | undefined;
  readonly report?: string | undefined;
  readonly json?: boolean | undefined;
  readonly alone: boolean;
  readonly length?: string | undefined;
  readonly maxLost: string;
  readonly mayLose?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly isolation: string;
  readonly plan?: boolean | undefined;
  readonly listScenarios?: boolean | undefined;
  readonly printScenario?: string | undefined;
}

/** Declares the options of `spotproof rehearse` on a command. */
export function declareRehearseOptions(command: Command): Command {
  return command
    .option("-S, --scenario <name>", "what happens: a built-in scenario, or a file", "typical")
    .option("--seed <n>", "throws the scenario's dice: the same number gives the same interruptions")
    .option(
      "--speed <factor>",
      "how much faster than real deadlines and intervals run, such as 20x; auto: as the job's length asks for",
      "auto",
    )
    .option("-c, --checkpoint <folder>", "the job's state: saved and put back by Spotproof", "./ckpt")
    .option("--every <duration>", "time between two saves, before --speed divides it (default: 1m)")
    .option("--as-written", "run the job as it is written, without Spotproof around it")
    .option("--compare <command>", "a second job, run as it is written, with the same interruptions")
    .option(
      "--shared <folders...>",
      "folders that outlive machines, as a network file system does: each job gets a copy that its machines share",
    )
    .option("--input <folders...>", "large folders that the job only reads: not copied for every machine")
    .option("--expect-same <files...>", "outputs that must be as without interruptions")
    .option(
      "--same-by <command>",
      "compares two outputs: ends with 0 when they are the same (default: byte by byte)",
    )
    .option("-r, --report <file>", "write the report as one HTML file")
    .option("--json", "print the whole record as JSON")
    .option("--no-alone", "do not run the job alone first; tell its length with --length")
    .option("--length <duration>", "how long the job works when nobody interrupts it (default: measured)")
    .option("--max-lost <share>", "how much of the whole work one interruption may cost", "25%")
    .option(
      "--may-lose <patterns...>",
      "files that nobody misses when their machine is gone, such as '*.log'",
    )
    .option("--allow <ids...>", "findings that are no reason to fail, such as S08")
    .addOption(
      new Option("--isolation <how>", "how machines are kept apart")
        .choices(["auto", "namespaces", "folders"])
        .default("auto"),
    )
    .option("--plan", "print what would happen, and end")
    .option("--list-scenarios", "print the built-in scenarios, and end")
    .option("--print-scenario <name>", "print a built-in scenario as a file to change, and end");
}

/** What was typed, checked. */
export interface RehearseOptions {
  readonly seed: number | undefined;
  readonly speed: number | "auto";
  readonly commands: readonly RehearsedCommand[];
  /** Absolute paths that no new machine has. */
  readonly excluded: readonly string[];
  readonly lengthMs: number | undefined;
  readonly maxLostShare: number;
  readonly mayLose: readonly string[];
  readonly allow: ReadonlySet<string>;
  readonly isolation: "auto" | "namespaces" | "folders";
}

/** Spotproof's own durations when nobody says otherwise. */
interface ReadContext {
  readonly workingFolder: string;
  readonly usual: RunDurations;
}

/**
 * Checks what commander has read.
 * @throws SpotproofError `bad-usage` that names the option, its value and what would be right
 */
export function readRehearseOptions(
  raw: RawRehearseOptions,
  words: readonly string[],
  context: ReadContext,
): RehearseOptions {
  const { job, excluded } = readJob(raw, words, context);
  refuseMeaningless(raw);
  return {
    seed: raw.seed === undefined ? undefined : parseCount(raw.seed, "--seed", 0, 4_294_967_295),
    speed: raw.speed === "auto" ? "auto" : parseSpeed(raw.speed, "--speed", 1, 1000),
    commands: [job, ...readComparison(raw)],
    excluded,
    lengthMs: raw.length === undefined ? undefined : parseDuration(raw.length, "--length"),
    maxLostShare: parseShare(raw.maxLost, "--max-lost", "from 0%"),
    mayLose: raw.mayLose ?? [],
    allow: new Set((raw.allow ?? []).flatMap((ids) => ids.split(",")).map(readFindingId)),
    isolation: raw.isolation as RehearseOptions["isolation"],
  };
}

/** Options that would silently do nothing beside others. */
function refuseMeaningless(raw: RawRehearseOptions): void {
  const refuse = (detail: string): never => {
    throw new SpotproofError("bad-usage", detail);
  };
  if (!raw.alone && raw.expectSame !== undefined)
    refuse("--expect-same compares with the run alone, which --no-alone leaves out.");
  if (raw.sameBy !== undefined && raw.expectSame === undefined)
    refuse("--same-by compares outputs that --expect-same names: name them.");
  if (raw.asWritten === true && raw.every !== undefined)
    refuse("--every is about Spotproof's saves, and --as-written leaves Spotproof out.");
}

/** The job, and what no new machine has of it. */
interface ReadJob {
  readonly job: RehearsedCommand;
  readonly excluded: readonly string[];
}

function readJob(
  raw: RawRehearseOptions,
  words: readonly string[],
  { workingFolder, usual }: ReadContext,
): ReadJob {
  const [file, ...args] = words;
  if (file === undefined || file === "") {
    throw new SpotproofError(
      "bad-usage",
      "There is no command to rehearse. Put it after two dashes: spotproof rehearse -- python3 train.py",
    );
  }
  const shown = shownWords(words);
  const written: RehearsedCommand = {
    id: "job",
    title: "as written",
    words: [file, ...args],
    shown,
    supervision: undefined,
  };
  if (raw.asWritten === true) return { job: written, excluded: [] };
  const own = readOwnRun(words, workingFolder);
  const checkpointFolder = relativeFolder(raw.checkpoint, workingFolder);
  const every = raw.every === undefined ? usual.every : parseDuration(raw.every, "--every");
  if (every < SHORTEST_SAVE_INTERVAL_MS)
    throw new SpotproofError(
      "bad-usage",
      `--every ${raw.every} is too short: at least ${SHORTEST_SAVE_INTERVAL_MS}ms.`,
    );
  const supervision: Supervision = own?.supervision ?? {
    checkpointFolder,
    durations: { ...usual, every },
    otherOptions: [],
  };
  const folder = supervision.checkpointFolder;
  return {
    job: { ...written, title: "with Spotproof", words: own?.words ?? written.words, supervision },
    excluded: [
      ...(folder === undefined ? [] : [resolve(workingFolder, folder)]),
      ...(own?.storePath === undefined ? [] : [own.storePath]),
    ],
  };
}

function readComparison({ compare }: RawRehearseOptions): readonly RehearsedCommand[] {
  if (compare === undefined) return [];
  if (compare.trim() === "") {
    throw new SpotproofError("bad-usage", "--compare is empty. Name a command: --compare 'python3 naive.py'");
  }
  // `exec` spares the shell that would stand between a signal and the program; a list of commands keeps it.
  const isSimple = !/[;&|\n(){}<>]/.test(compare) && !/^\s*\w+=/.test(compare);
  const line = isSimple ? `exec ${compare}` : compare;
  return [
    {
      id: "compare",
      title: "as written",
      words: ["/bin/sh", "-c", line],
      shown: compare,
      supervision: undefined,
    },
  ];
}

/** The last of these words that may start Spotproof: `npx -y spotproof run`, `node dist/cli/main.js run`. */
const MOST_STARTING_WORDS = 4;

/** Options of `spotproof run` that a rehearsal decides itself, or reads apart. */
const NOT_HANDED_ON: ReadonlySet<string> = new Set([
  "job",
  "store",
  "checkpoint",
  "allowVolatileStore",
  "logFile",
  "logFormat",
  "every",
  "heartbeat",
  "lease",
  "stopGrace",
  "metadataPoll",
  "linger",
  "retryWait",
  "signalGrace",
]);

/** A `spotproof run` that somebody typed as the command to rehearse. */
interface OwnRun {
  readonly words: RehearsedCommand["words"];
  readonly supervision: Supervision;
  /** What the store that it would use keeps on this machine: the rehearsal has its own. */
  readonly storePath: string | undefined;
}

/** A command that is a `spotproof run` already is taken apart, so that it uses the rehearsal's store and shortened times. */
function readOwnRun(words: readonly string[], workingFolder: string): OwnRun | undefined {
  const at = words.findIndex(
    (word, index) => index < MOST_STARTING_WORDS && startsSpotproof(word) && words[index + 1] === "run",
  );
  if (at < 0) return undefined;
  const run = declareRunOptions(new Command("spotproof run"))
    .argument("[command...]")
    .passThroughOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  try {
    run.parse(words.slice(at + 2), { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new SpotproofError(
      "bad-usage",
      `The command's own "spotproof run" is not understood: ${error.message.replace(/^error: /, "")}`,
    );
  }
  const raw = run.opts<Record<string, string | undefined>>();
  const options = readRunOptions(raw, run.args, workingFolder);
  const { policy } = options;
  const durations: RunDurations = {
    every: policy.saveEveryMs ?? 60_000,
    heartbeat: policy.heartbeatMs,
    lease: options.leaseMs,
    stopGrace: policy.stopGraceMs,
    metadataPoll: options.metadataPollMs,
    linger: policy.lingerMs,
    retryWait: policy.restart.backoff.firstMs,
    signalGrace: options.signalGraceMs,
  };
  const folder = raw["checkpoint"];
  return {
    storePath: pathOnDisk(options.store),
    words: options.command,
    supervision: {
      checkpointFolder: folder === undefined ? undefined : relativeFolder(folder, workingFolder),
      durations,
      otherOptions: handedOn(run),
    },
  };
}

function startsSpotproof(word: string): boolean {
  return basename(word) === "spotproof" || word.endsWith("dist/cli/main.js");
}

function handedOn(run: Command): readonly string[] {
  return run.options.flatMap((option) => {
    const name = option.attributeName();
    if (NOT_HANDED_ON.has(name) || run.getOptionValueSource(name) !== "cli") return [];
    return [option.long ?? option.flags, String(run.getOptionValue(name))];
  });
}

/** The checkpoint folder as every machine sees it, relative to the folder in which the job is started. */
function relativeFolder(text: string, workingFolder: string): string {
  const folder = resolve(workingFolder, text);
  if (text === "" || folder === workingFolder || !isWithin(folder, workingFolder)) {
    throw new SpotproofError(
      "bad-usage",
      `--checkpoint ${text === "" ? "is empty" : text}: in a rehearsal it is a folder below the one in which the job is started, such as ./ckpt, so that each machine has its own.`,
    );
  }
  return relative(workingFolder, folder);
}

function readFindingId(text: string): string {
  const id = text.trim().toUpperCase();
  if (/^[A-Z]\d{2}$/.test(id)) return id;
  throw new SpotproofError("bad-usage", `--allow "${text}" is no id of a finding; they look like S08.`);
}

/** A command as one would type it. */
export function shownWords(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(" ");
}

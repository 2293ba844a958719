import { access, constants, mkdtemp, readFile, realpath, rm, stat, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { SpotproofError, formatDuration, reasonOf, systemClock, systemErrorCode } from "../../base/index.ts";
import type { LiveJob, Plan, RehearsalOptions, RehearsalRecord, Verdict } from "../../simulator/index.ts";
import type * as simulatorDoor from "../../simulator/index.ts";
import { refuseAlteredArguments } from "../argument-bytes.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import { isWithin } from "./run-options.ts";
import type { Work } from "../program.ts";
import {
  type RawRehearseOptions,
  type RehearseOptions,
  declareRehearseOptions,
  readRehearseOptions,
  shownWords,
} from "./rehearse-options.ts";

type Simulator = typeof simulatorDoor;

/** `spotproof rehearse`: the job on machines that go away, here and now, and what that proved. */
export function declareRehearseCommand(program: Command, choose: (work: Work) => void): void {
  const command = program
    .command("rehearse")
    .summary("try a job on machines that go away, on this computer")
    .description(
      "Runs a job on simulated machines that are taken away as a scenario says, on this computer: first alone, then interrupted. Tells what was lost, what would have been lost, and whether the job is spot-proof. Ends with 0 only when it is.",
    )
    .usage("[options] -- <command> [arguments]")
    .argument("[command...]", "the command and its arguments, after two dashes")
    .passThroughOptions();
  declareRehearseOptions(command).action((words: string[], raw: RawRehearseOptions) => {
    choose((io) => rehearseCommand(raw, words, io));
  });
}

async function rehearseCommand(
  raw: RawRehearseOptions,
  words: readonly string[],
  io: CommandIo,
): Promise<number> {
  const simulator = await import("../../simulator/index.ts");
  if (raw.listScenarios === true) return listScenarios(simulator, io);
  if (raw.printScenario !== undefined) return printScenario(simulator, raw.printScenario, io);
  const { workingFolder } = io;
  const context = { workingFolder, usual: simulator.USUAL_DURATIONS };
  refuseAlteredArguments(words);
  // A plan can be looked at before there is a job.
  const planned = raw.plan === true && words.length === 0 ? ["true"] : words;
  const options = readRehearseOptions(raw, planned, context);
  const plan = await drawnPlan(simulator, raw, options.seed);
  if (raw.plan === true) return printPlan(simulator, plan, options.speed, io);
  if (raw.report !== undefined) await refuseUnwritable(resolve(workingFolder, raw.report));
  return rehearseInWorkspace({ simulator, raw, options, plan, words, io });
}

async function drawnPlan(
  simulator: Simulator,
  raw: RawRehearseOptions,
  seed: number | undefined,
): Promise<Plan> {
  const scenario = await simulator.loadScenario(raw.scenario, (path) => readFile(path, "utf8"));
  return simulator.drawPlan(scenario, seed === undefined ? {} : { seed });
}

function listScenarios(simulator: Simulator, io: CommandIo): number {
  for (const { name, text } of simulator.builtInScenarios) {
    const { description } = simulator.readScenario(text, name);
    io.out(`${name.padEnd(11)} ${description}\n`);
  }
  return EXIT.done.status;
}

function printScenario(simulator: Simulator, name: string, io: CommandIo): number {
  const found = simulator.builtInScenarios.find((one) => one.name === name);
  if (found === undefined) {
    const names = simulator.builtInScenarios.map((one) => one.name).join(", ");
    throw new SpotproofError("bad-usage", `--print-scenario "${name}" is none of ${names}.`);
  }
  io.out(found.text);
  return EXIT.done.status;
}

function printPlan(
  simulator: Simulator,
  plan: Plan,
  speed: number | "auto" | undefined,
  io: CommandIo,
): number {
  const known = typeof speed === "number" ? { speed } : {};
  io.out(`${simulator.describePlan(plan, known).join("\n")}\n`);
  return EXIT.done.status;
}

/** A report that cannot be written is found before an hour of rehearsing, not after. */
async function refuseUnwritable(path: string): Promise<void> {
  try {
    await access(dirname(path), constants.W_OK);
    if (!(await isThere(path))) return;
    await access(path, constants.W_OK);
  } catch (error) {
    throw new SpotproofError("bad-usage", `--report ${path} cannot be written: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
  if ((await stat(path)).isDirectory())
    throw new SpotproofError("bad-usage", `--report ${path} is a folder. Name a file in it.`);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}

interface Rehearsal {
  readonly simulator: Simulator;
  readonly raw: RawRehearseOptions;
  readonly options: RehearseOptions;
  readonly plan: Plan;
  readonly words: readonly string[];
  readonly io: CommandIo;
}

async function rehearseInWorkspace(rehearsal: Rehearsal): Promise<number> {
  const { raw, io } = rehearsal;
  const stop = stopOnSignals(io);
  const workspace = await openWorkspace(io);
  try {
    const record = await runRehearsal(rehearsal, workspace, stop.signal);
    const verdict = judged(rehearsal, record);
    report(rehearsal, record, verdict);
    if (raw.report !== undefined) await writeReport(rehearsal, record, verdict, raw.report);
    return verdict.spotProof ? EXIT.done.status : EXIT.notSpotProof.status;
  } catch (error) {
    // Whatever else has gone wrong meanwhile is said, for something may be left.
    if (!stop.signal.aborted || error !== stop.signal.reason) throw error;
    io.err("\nspotproof: the rehearsal was stopped; everything that it had started is ended.\n");
    return EXIT.stoppedByUser.status;
  } finally {
    stop.close();
    await rm(workspace, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function openWorkspace({ temporaryFolder }: CommandIo): Promise<string> {
  try {
    return await realpath(await mkdtemp(join(temporaryFolder, "spotproof-rehearsal-")));
  } catch (error) {
    throw new SpotproofError(
      "temporary-folder-unusable",
      `${temporaryFolder}: ${systemErrorCode(error) ?? reasonOf(error)}.`,
      { cause: error },
    );
  }
}

/** A restore replaces the checkpoint folder, which nobody can do with a mount or with what is only read. */
function refuseCheckpointIn(
  folders: readonly string[],
  { commands }: RehearseOptions,
  workingFolder: string,
): void {
  for (const { supervision } of commands) {
    const folder = supervision?.checkpointFolder;
    if (folder === undefined) continue;
    const path = resolve(workingFolder, folder);
    // One that holds the working folder is refused for that.
    const other = folders.find(
      (one) => (isWithin(path, one) || isWithin(one, path)) && !isWithin(workingFolder, one),
    );
    if (other !== undefined) {
      throw new SpotproofError(
        "bad-usage",
        `--checkpoint ${folder} and ${other} (--shared, --input) lie in each other. The checkpoint folder needs no sharing: Spotproof saves it and puts it back.`,
      );
    }
  }
}

function stopOnSignals(io: CommandIo): { readonly signal: AbortSignal; close(): void } {
  const controller = new AbortController();
  const onSignal = (): void => controller.abort(new Error("The rehearsal was stopped."));
  const offs = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => io.onSignal(name, onSignal));
  return {
    signal: controller.signal,
    close: () => {
      for (const off of offs) off();
    },
  };
}

async function runRehearsal(
  { simulator, raw, options, plan, words, io }: Rehearsal,
  workspace: string,
  signal: AbortSignal,
): Promise<RehearsalRecord> {
  const workingFolder = await realpath(io.workingFolder);
  // As npm links it, machines might not have it: in a /tmp of their own they see what their programs really lie in.
  const main = await realpath(process.argv[1] ?? "");
  const shared = (raw.shared ?? []).map((folder) => resolve(workingFolder, folder));
  const inputs = (raw.input ?? []).map((folder) => resolve(workingFolder, folder));
  refuseCheckpointIn([...shared, ...inputs], options, workingFolder);
  let jobs: () => readonly LiveJob[] = () => [];
  const screen = simulator.createLiveScreen({
    write: io.err,
    columns: () => io.errColumns,
    isTerminal: io.errIsTerminal,
    colour: wantsColour(io, io.errIsTerminal),
    ascii: !isUtf8(io),
    clock: systemClock,
    jobs: () => jobs(),
  });
  const settings: RehearsalOptions = {
    plan,
    repeat: repeatLine(plan, io),
    speed: options.speed,
    commands: options.commands,
    workspace,
    workingFolder,
    shared,
    inputs,
    excluded: [...options.excluded, ...shared],
    visible: visiblePaths(allWords(words, raw), main, io),
    outputs: { files: raw.expectSame ?? [], sameBy: raw.sameBy },
    alone: raw.alone,
    lengthMs: options.lengthMs,
    isolation: options.isolation,
    environment: io.environment,
    computer: { platform: io.platform, cores: cpus().length, node: process.version },
    uid: process.getuid?.(),
    clock: systemClock,
    spotproof: [process.execPath, ...process.execArgv, main],
    signal,
    watcher: {
      tell: (line) => screen.tell(line),
      watch: (given) => {
        jobs = given;
      },
    },
  };
  io.err(introduction(plan, options));
  try {
    return await simulator.rehearse(settings);
  } finally {
    screen.close();
  }
}

/** What was typed, with the seed that was used. */
function repeatLine(plan: Plan, { typed }: CommandIo): string {
  const [, ...words] = typed;
  const seed = words.some((word) => /^--seed(=|$)/.test(word)) ? [] : ["--seed", String(plan.seed)];
  return shownWords(["npx", "spotproof", "rehearse", ...seed, ...words]);
}

function introduction(plan: Plan, { commands, speed }: RehearseOptions): string {
  const jobs = commands.map(({ title, shown }) => `  ${title}: ${shown}`).join("\n");
  const pace = speed === "auto" ? "" : `, ${speed} times faster than real`;
  const folder = commands[0]?.supervision?.checkpointFolder;
  const state = folder === undefined ? "" : `\n  Its state is kept in ./${folder} (--checkpoint).`;
  return `Rehearsing "${plan.scenario}" (seed ${plan.seed}${pace}): ${plan.description}\n${jobs}${state}\n\n`;
}

/** The words of both jobs. */
function allWords(words: readonly string[], { compare }: RawRehearseOptions): readonly string[] {
  return [...words, ...(compare ?? "").split(/\s+/).filter((word) => word !== "")];
}

/** Names of files that are run rather than read or written. */
const PROGRAM = /\.(py|pyz|js|mjs|cjs|ts|mts|sh|bash|rb|pl|php|lua|jl|jar|r)$/i;

/**
 * What machines must see although they have a /tmp of their own: this program, Node, and programs that the command names,
 * with the whole project that they lie in: they load what lies beside them and above. Other things in /tmp are not seen: a
 * real machine would not have them either.
 */
function visiblePaths(words: readonly string[], main: string, io: CommandIo): readonly string[] {
  const { workingFolder } = io;
  const named = words
    .filter((word, index) => word.includes("/") && (index === 0 || PROGRAM.test(word)))
    .map((word) => dirname(resolve(workingFolder, word)));
  const path = (io.environment["PATH"] ?? "").split(":").filter((folder) => folder.startsWith("/"));
  return [dirname(dirname(process.execPath)), dirname(main), ...named, ...path].map((folder) =>
    projectOf(folder, io.temporaryFolder),
  );
}

/** The folder right below a temporary folder that holds this one; itself where it lies elsewhere. */
function projectOf(folder: string, temporaryFolder: string): string {
  const temporary = ["/tmp", "/var/tmp", temporaryFolder].find(
    (one) => folder !== one && isWithin(folder, one),
  );
  if (temporary === undefined) return folder;
  const [first = ""] = relative(temporary, folder).split("/");
  return join(temporary, first);
}

function judged({ simulator, options }: Rehearsal, record: RehearsalRecord): Verdict {
  const every = options.commands[0]?.supervision?.durations.every ?? simulator.USUAL_DURATIONS.every;
  return simulator.judge(record, {
    allow: options.allow,
    mayLose: options.mayLose,
    maxLostShare: options.maxLostShare,
    lengthMs: options.lengthMs,
    saveEveryMs: every / record.speed,
  });
}

function report({ simulator, raw, io }: Rehearsal, record: RehearsalRecord, verdict: Verdict): void {
  if (raw.json === true) {
    io.out(`${JSON.stringify(simulator.jsonReport(record, verdict), null, 2)}\n`);
    return;
  }
  io.out(
    `\n${simulator.terminalReport(record, verdict, {
      columns: io.outColumns,
      colour: wantsColour(io, io.outIsTerminal),
      ascii: !isUtf8(io),
    })}`,
  );
}

async function writeReport(
  { simulator, io }: Rehearsal,
  record: RehearsalRecord,
  verdict: Verdict,
  file: string,
): Promise<void> {
  const path = resolve(io.workingFolder, file);
  try {
    await writeFile(path, simulator.htmlReport(record, verdict));
  } catch (error) {
    throw new SpotproofError("bad-usage", `--report ${path} cannot be written: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
  io.err(`The report is in ${path} (${formatDuration(record.tookMs)} of rehearsal).\n`);
}

function wantsColour({ environment }: CommandIo, isTerminal: boolean): boolean {
  if (environment["NO_COLOR"] !== undefined) return false;
  return isTerminal || environment["FORCE_COLOR"] !== undefined;
}

function isUtf8({ environment, platform }: CommandIo): boolean {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  // A container has no locale set at all; its terminal is nearly always UTF-8.
  return locale === "" || platform === "darwin" || /utf-?8/i.test(locale);
}

import { lstat } from "node:fs/promises";
import {
  type Clock,
  SpotproofError,
  reasonOf,
  systemClock,
  systemErrorCode,
  systemRandom,
} from "../../base/index.ts";
import { type Attempt, type ClaimResult, claimJob } from "../../job/index.ts";
import {
  type InterruptionRecord,
  createInterruptionRecord,
  createNoticeSources,
  watchSources,
} from "../../notice/index.ts";
import { type JobStore, pathOnDisk, realPathOf } from "../../store/index.ts";
import {
  type RunEnd,
  type UserStop,
  openJobChannel,
  startGuardian,
  supervise,
  systemProcessTable,
} from "../../supervisor/index.ts";
import { refuseAlteredArguments } from "../argument-bytes.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT, exitStatusOfCommand } from "../exit-codes.ts";
import { ignoredHangupAtStart } from "../hangup.ts";
import { type InnerSupervisor, findInnerSupervisor } from "../inner-supervisor.ts";
import { describeEvent } from "../output/describe-event.ts";
import { type Log, createLog } from "../output/log.ts";
import { mergeTroubles } from "../store-troubles.ts";
import { listenForUserStop } from "../user-stop.ts";
import { type RunOptions, isWithin, logInFolder } from "./run-options.ts";
import { closeRunStore, folderParts, openRunStore } from "./run-store.ts";

/** What every step of a run is given. */
export interface RunContext {
  readonly options: RunOptions;
  readonly io: CommandIo;
  readonly clock: Clock;
  readonly log: Log;
  readonly interruptions: InterruptionRecord;
  readonly userStop: UserStop;
  readonly innerSupervisor: InnerSupervisor | undefined;
}

/** Signals that are the command's business. SIGUSR1 would otherwise open Node's debugger. */
const FORWARDED: readonly NodeJS.Signals[] = ["SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGCONT"];

/** How long a store that does not answer is tried again before anything has begun, in ms: somebody may be waiting. */
const CLAIM_PATIENCE_MS = 60_000;

/** Signals that would end us, or open a debugger, by Node's default, in a phase in which nobody listens for them. */
const NEVER_DEADLY: readonly NodeJS.Signals[] = ["SIGUSR1", "SIGUSR2", "SIGHUP"];

/** `spotproof run`: claims the job, runs the command under supervision, and gives the exit status. */
export async function runCommand(options: RunOptions, io: CommandIo): Promise<number> {
  refuseAlteredArguments(options.command);
  const clock = systemClock;
  const userStop = listenForUserStop(io);
  const interruptions = createInterruptionRecord(clock);
  await refuseLogInFolder(options);
  const log = await createLog({ format: options.logFormat, file: options.logFile }, io);
  const innerSupervisor = findInnerSupervisor(options.command, options.policy.stopGraceMs);
  const context: RunContext = { options, io, clock, log, interruptions, userStop, innerSupervisor };
  const stopWatching = new AbortController();
  const watching = watchInterruptions(context, stopWatching.signal);
  const offs = NEVER_DEADLY.map((signal) => io.onSignal(signal, () => undefined));
  try {
    return await claimAndSupervise(context);
  } catch (error) {
    log.failed(error instanceof SpotproofError ? error.code : "internal", reasonOf(error));
    throw error;
  } finally {
    stopWatching.abort();
    userStop.close();
    await watching;
    for (const off of offs) off();
  }
}

async function claimAndSupervise(context: RunContext): Promise<number> {
  await refuseUnusableFolder(context.options);
  if (context.innerSupervisor !== undefined)
    context.log.warn("inner-supervisor", context.innerSupervisor.advice);
  const opened = await unlessLeaving(context, (signal) => openRunStore(context, signal));
  if (opened === "left") return concludeUnclaimed(context, { kind: "aborted" });
  try {
    return await claimIn(context, opened);
  } finally {
    await closeRunStore(context, opened);
  }
}

async function claimIn(context: RunContext, opened: JobStore): Promise<number> {
  const { options, log } = context;
  const claimed = await unlessLeaving(context, (signal) => claim(context, opened.store, signal));
  const result: ClaimResult = claimed === "left" ? { kind: "aborted" } : claimed;
  if (result.kind !== "claimed") return concludeUnclaimed(context, result);
  log.forAttempt(options.job, result.attempt.number);
  return exitStatusOfEnd(context, await superviseAttempt(context, opened, result.attempt));
}

/** Does `work` with a signal that aborts when the user or an interruption wants us to leave before anything is claimed. */
async function unlessLeaving<Result>(
  { userStop, interruptions }: RunContext,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result | "left"> {
  const abort = new AbortController();
  const look = (): void => {
    if (userStop.level() > 0 || interruptions.state().kind === "interrupted") abort.abort();
  };
  const silences = [userStop.onChange(look), interruptions.onChange(look)];
  look();
  try {
    return await work(abort.signal);
  } catch (error) {
    if (abort.signal.aborted && error === abort.signal.reason) return "left";
    throw error;
  } finally {
    for (const silence of silences) silence();
  }
}

/** A file where the folder should be, or a store that lies in it, is found before anything is claimed. */
async function refuseUnusableFolder({ checkpointFolder: folder, store }: RunOptions): Promise<void> {
  if (folder === undefined) return;
  const kind = await kindOf(folder);
  if (kind === "link") {
    const target = await realPathOf(folder);
    throw new SpotproofError(
      "folder-unusable",
      `${folder} is a symbolic link, which a restore would replace. Name the folder that it leads to: ${target}.`,
    );
  }
  if (kind === "other") throw new SpotproofError("folder-unusable", `${folder} is not a folder.`);
  const path = pathOnDisk(store);
  if (path === undefined) return;
  const [realFolder, realStore] = await Promise.all([realPathOf(folder), realPathOf(path)]);
  if (!isWithin(realStore, realFolder) && !isWithin(realFolder, realStore)) return;
  throw new SpotproofError(
    "bad-usage",
    `--checkpoint leads to ${realFolder} and --store to ${realStore}, which lie in each other. Keep them apart: the store is what outlives the machine.`,
  );
}

/** As `readRunOptions` refuses it by its name, when a link leads there. */
async function refuseLogInFolder({ checkpointFolder: folder, logFile }: RunOptions): Promise<void> {
  if (folder === undefined || logFile === undefined) return;
  const [realFolder, realLog] = await Promise.all([realPathOf(folder), realPathOf(logFile)]);
  if (isWithin(realLog, realFolder)) throw logInFolder(realLog, realFolder);
}

async function kindOf(path: string): Promise<"folder" | "link" | "absent" | "other"> {
  try {
    const found = await lstat(path);
    if (found.isDirectory()) return "folder";
    return found.isSymbolicLink() ? "link" : "other";
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return "absent";
    throw new SpotproofError("folder-unusable", `${path}: ${String(error)}.`, { cause: error });
  }
}

/** Begins to listen, in the background: the start of the command never waits for it. */
function watchInterruptions(
  { options, io, clock, log, interruptions }: RunContext,
  signal: AbortSignal,
): Promise<void> {
  interruptions.onChange((change) => {
    if (change.kind !== "health") return;
    const { source, kind, detail } = change.health;
    if (kind === "blind") log.warn("source-blind", `cannot hear interruptions from ${source}: ${detail}`);
    // Whoever runs on Spot wants to see that somebody listens; that a laptop has no such service is no news.
    else if (kind === "listening" && source !== "signal")
      log.info("source-listening", `listening for interruptions: ${source}, ${detail}`);
    else log.debug(`source-${kind}`, `${source}: ${detail}`);
  });
  const sources = createNoticeSources({
    environment: io.environment,
    signals: interruptionSignals(options, io),
    onSignal: io.onSignal,
    signalGraceMs: options.signalGraceMs,
    metadataPollMs: options.metadataPollMs,
    clock,
    random: systemRandom,
  });
  return watchSources(sources, (report) => interruptions.hear(report), signal, clock);
}

/** Whoever writes `nohup` in front means that a terminal which closes is no interruption. */
function interruptionSignals(options: RunOptions, io: CommandIo): readonly NodeJS.Signals[] {
  if (!options.interruptionSignalsAreDefault || !ignoredHangupAtStart(io)) return options.interruptionSignals;
  return options.interruptionSignals.filter((signal) => signal !== "SIGHUP");
}

function claim(
  { options, io, clock, log }: RunContext,
  store: JobStore["store"],
  signal: AbortSignal,
): Promise<ClaimResult> {
  return claimJob({
    store,
    job: options.job,
    clock,
    random: systemRandom,
    command: options.command,
    host: io.host,
    pid: io.pid,
    heartbeatMs: options.policy.heartbeatMs,
    leaseMs: options.leaseMs,
    ifRunning: options.ifRunning,
    maxIdleAttempts: options.maxIdleAttempts,
    onWaiting: ({ attempt, host }) =>
      log.info(
        "standing-by",
        `attempt ${attempt} of ${options.job} was last seen on ${host}; standing by until it ends or its heartbeat stops for ${options.leaseMs / 1000} s`,
      ),
    signal,
    patienceMs: CLAIM_PATIENCE_MS,
    onTrouble: (error) => {
      if (error === undefined) log.info("store-well", "the store answers again");
      else
        log.warn(
          "store-trouble",
          `the job cannot be claimed yet; trying again for up to ${CLAIM_PATIENCE_MS / 1000} s: ${error.message}`,
        );
    },
  });
}

function concludeUnclaimed(
  { options, io, log, userStop }: RunContext,
  claim: Exclude<ClaimResult, { kind: "claimed" }>,
): number {
  const { job } = options;
  switch (claim.kind) {
    case "completed":
      log.info(
        "already-completed",
        `${job} was completed by attempt ${claim.outcome.attempt}: nothing to do`,
      );
      return EXIT.done.status;
    case "running-elsewhere":
      log.info("running-elsewhere", `attempt ${claim.attempt} of ${job} is alive on ${claim.host}: leaving`);
      return EXIT.runningElsewhere.status;
    case "ended-elsewhere": {
      const { attempt, kind, reason, exitStatus } = claim.outcome;
      log.info(
        "ended-elsewhere",
        `attempt ${attempt} of ${job} ended as ${kind} (${reason}): standing by no longer`,
      );
      if (kind === "stopped") return EXIT.stoppedByUser.status;
      return exitStatus === undefined
        ? EXIT.endedElsewhere.status
        : exitStatusOfCommand({ kind: "exited", status: exitStatus }, io.signalNumbers);
    }
    case "no-progress":
      throw new SpotproofError(
        "no-progress",
        `${claim.idleAttempts} attempts in a row ended without a new checkpoint.`,
      );
    case "aborted": {
      const isUser = userStop.level() > 0;
      log.info(
        "left-before-claim",
        isUser
          ? "stopped before the job was claimed"
          : "this machine is about to go away: the job was not claimed",
      );
      return isUser ? EXIT.stoppedByUser.status : EXIT.interrupted.status;
    }
    default:
      return claim satisfies never;
  }
}

function superviseAttempt(context: RunContext, store: JobStore, attempt: Attempt): Promise<RunEnd> {
  const { options, io, clock, log, interruptions, userStop } = context;
  const { temporaryFolder, environment } = io;
  const tell = mergeTroubles((event) => log.event(event.kind, describeEvent(event), event));
  return supervise({
    clock,
    random: systemRandom,
    attempt,
    claimedAtMs: clock.now(),
    command: options.command,
    workingFolder: io.workingFolder,
    environment: { ...context.innerSupervisor?.environment, ...environment },
    folder: folderParts(context, store, attempt, (event) => tell("saves", event)),
    interruptions,
    userStop,
    onForwardedSignal: (listener) => forwardSignals(context, listener),
    processes: systemProcessTable(io.platform),
    startGuardian: () =>
      startGuardian(environment["PATH"] ?? "/usr/bin:/bin", (reason) =>
        log.debug("no-guardian", `no guardian watches over the command: ${reason}`),
      ),
    openChannel: (handlers) => openJobChannel({ handlers, temporaryFolder, port: options.channelPort }),
    ownPid: io.pid,
    policy: options.policy,
    onEvent: (event) => tell("supervisor", event),
  });
}

function forwardSignals({ options, io }: RunContext, listener: (signal: NodeJS.Signals) => void): () => void {
  const forwarded = FORWARDED.filter((signal) => !options.interruptionSignals.includes(signal));
  const offs = forwarded.map((signal) => io.onSignal(signal, () => listener(signal)));
  return () => {
    for (const off of offs) off();
  };
}

function exitStatusOfEnd({ io, log }: RunContext, end: RunEnd): number {
  switch (end.kind) {
    case "completed":
      return EXIT.done.status;
    case "interrupted":
      log.info("interrupted", "start the same command again to go on");
      return EXIT.interrupted.status;
    case "stopped":
      log.info("stopped", "starting the same command again goes on from the last checkpoint");
      return EXIT.stoppedByUser.status;
    case "failed":
      if (end.exit.kind === "not-started") throw new SpotproofError(end.exit.code, end.exit.detail);
      return exitStatusOfCommand(end.exit, io.signalNumbers);
    case "fenced-out":
      log.warn("fenced-out", "a later attempt has taken over this job; the command was ended here");
      return EXIT.fencedOut.status;
    default:
      return end satisfies never;
  }
}

import { Command, CommanderError } from "commander";
import {
  ERRORS,
  SpotproofError,
  VERSION,
  canLeave,
  hangsWords,
  reasonOf,
  systemClock,
} from "../base/index.ts";
import { type CommandIo, processIo } from "./command-io.ts";
import { EXIT, exitStatusOfError } from "./exit-codes.ts";
import { declareChannelCommands } from "./commands/channel-commands.ts";
import { declareCheckpointsCommand } from "./commands/checkpoints.ts";
import { declareDoctorCommand } from "./commands/doctor.ts";
import { declareInitCommand } from "./commands/init.ts";
import { declareMockMetadataCommand } from "./commands/mock-metadata.ts";
import { declareRehearseCommand } from "./commands/rehearse.ts";
import { declareRunOptions, readRunOptions } from "./commands/run-options.ts";
import { declareStatusCommand } from "./commands/status.ts";
import { declareTraceCommand } from "./commands/trace.ts";
import { becomeChildOfInit } from "./pid-one.ts";

/** A subcommand's work; the value is the exit status. */
export type Work = (io: CommandIo) => Promise<number>;

/** How long the last lines may take to find room where nobody reads, in ms. */
const LAST_WORDS_MS = 500;

/** Runs the command line with the real process and ends it with the status. */
export async function startProgram(args: readonly string[]): Promise<void> {
  const io = processIo();
  becomeChildOfInit(io, args);
  const status = await runProgram(args, io);
  await io.drain(LAST_WORDS_MS);
  await leave(statusOfWritten(status, io), io);
}

/** Whoever reads half a result must not be told that it is whole. */
function statusOfWritten(status: number, io: CommandIo): number {
  const trouble = io.outTrouble;
  if (trouble === undefined) return status;
  const words = `What was printed is not complete: ${reasonOf(trouble)}.`;
  const lost = explain(new SpotproofError("disk-full", words, { cause: trouble }), io);
  return status === EXIT.done.status ? lost : status;
}

/**
 * Ends here and now: a handle that somebody forgot must not keep a finished job's machine.
 */
async function leave(status: number, io: CommandIo): Promise<never> {
  if (!(await canLeave(systemClock))) {
    io.err(`${hangsWords(status)}\n`);
    await io.drain(LAST_WORDS_MS);
    process.kill(process.pid, "SIGKILL");
  }
  process.exit(status);
}

/** Parses the arguments, does the work, and gives the exit status. Never throws. */
export async function runProgram(args: readonly string[], io: CommandIo): Promise<number> {
  let work: Work | undefined;
  const program = buildProgram(io, (chosen) => {
    work = chosen;
  });
  try {
    program.parse([...args], { from: "user" });
    return work === undefined ? EXIT.badUsage.status : await work(io);
  } catch (error) {
    return explain(error, io);
  }
}

/** The tree of commands. Reference pages and completions are made from it. */
export function buildProgram(io: CommandIo, choose: (work: Work) => void): Command {
  const program = new Command("spotproof")
    .description("Makes long jobs finish on machines that can be taken away.")
    .version(VERSION, "-V, --version", "print the version")
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showSuggestionAfterError();
  const run = program
    .command("run")
    .summary("run a command so that it survives interruptions")
    .description(
      "Runs a command so that it survives interruptions: restores its folder, saves it, stops in time, and says with status 75 that it wants to be started again.",
    )
    .usage("--job <name> --store <place> [--checkpoint <folder>] [options] -- <command> [arguments]")
    .argument("[command...]", "the command and its arguments, after two dashes")
    .passThroughOptions();
  declareRunOptions(run).action((command: string[], raw: Record<string, string | undefined>) => {
    choose(async (io) => {
      const options = readRunOptions(raw, command, io.workingFolder);
      const { runCommand } = await import("./commands/run.ts");
      return runCommand(options, io);
    });
  });
  declareStatusCommand(program, choose);
  declareCheckpointsCommand(program, choose);
  declareDoctorCommand(program, choose);
  declareChannelCommands(program, choose);
  declareInitCommand(program, choose);
  declareRehearseCommand(program, choose);
  declareMockMetadataCommand(program, choose);
  declareTraceCommand(program, choose);
  return program;
}

/** Says what happened, why, and what to do; gives the exit status. */
function explain(error: unknown, io: CommandIo): number {
  if (error instanceof CommanderError) {
    // Help and version are no errors; for the others commander has already written what was wrong.
    return error.exitCode === 0 ? EXIT.done.status : EXIT.badUsage.status;
  }
  if (error instanceof SpotproofError) {
    io.err(`spotproof: ${error.message}\n  ${error.entry.advice}\n`);
    return exitStatusOfError(error.code);
  }
  // Not a user's mistake: the stack is what a report of it needs.
  const stack = error instanceof Error ? error.stack : undefined;
  io.err(
    `spotproof: ${ERRORS.internal.title} ${reasonOf(error)}\n  ${ERRORS.internal.advice}\n${stack ?? ""}\n`,
  );
  return EXIT.internal.status;
}

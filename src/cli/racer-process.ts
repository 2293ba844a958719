import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { SpotproofError, reasonOf, systemClock, withTimeLimit } from "../base/index.ts";
import { type Racer, type RacerPipe, loadInspection, openStore, parseStoreLocation } from "../store/index.ts";
import type { CommandIo } from "./command-io.ts";
import { EXIT } from "./exit-codes.ts";

// The processes that `spotproof doctor` lets race for the same objects: each is this program again, with a hidden option.

/** For a racer to start and open its store, and for each of its answers. */
const ANSWER_LIMIT_MS = 30_000;
/** For a racer to end after it was told to. */
const END_LIMIT_MS = 1000;

/** Is a racer, until standard input ends: then whoever started it has enough, or is no more. */
export async function runRacer(name: string, store: string, io: CommandIo): Promise<number> {
  const { localRacer, serveRacer } = await loadInspection();
  // Ctrl-C reaches every process of the terminal; this one ends with the one that started it, which tidies up.
  const offs = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) =>
    io.onSignal(signal, () => undefined),
  );
  try {
    const location = parseStoreLocation(store, io.workingFolder, "--store");
    const opened = await openStore(location, "read", undefined, { repeats: false });
    const lines = createInterface({ input: process.stdin });
    await serveRacer(localRacer(name, opened.store), lines, (line) => io.out(`${line}\n`));
    return EXIT.done.status;
  } finally {
    for (const off of offs) off();
  }
}

/** Starts racers, each a process of its own with the same store. Rejects when one of them cannot open it. */
export async function startRacerProcesses(
  count: number,
  store: string,
  io: Pick<CommandIo, "workingFolder" | "environment">,
  signal: AbortSignal,
): Promise<readonly Racer[]> {
  const { remoteRacer } = await loadInspection();
  const pipes = Array.from({ length: count }, (_, number) => {
    const name = `process ${number + 1}`;
    return { name, pipe: startProcess(name, store, io, signal) };
  });
  const racers = await Promise.allSettled(pipes.map(({ name, pipe }) => remoteRacer(name, pipe)));
  const failed = racers.find((racer) => racer.status === "rejected");
  if (failed !== undefined) {
    await Promise.all(pipes.map(({ pipe }) => pipe.close()));
    throw failed.reason;
  }
  return racers.flatMap((racer) => (racer.status === "fulfilled" ? [racer.value] : []));
}

function startProcess(
  name: string,
  store: string,
  { workingFolder, environment }: Pick<CommandIo, "workingFolder" | "environment">,
  signal: AbortSignal,
): RacerPipe {
  const args = [...process.execArgv, process.argv[1] ?? "", "doctor", "--racer", name];
  const child = spawn(process.execPath, args, {
    cwd: workingFolder,
    // Not as an argument: a store's URL may hold a password, and everybody may read the arguments of a process.
    env: { ...environment, SPOTPROOF_STORE: store },
    stdio: ["pipe", "pipe", "pipe"],
  });
  return pipeTo(child, signal);
}

/** Lines to and from a process; what it says on standard error is the reason when it ends. */
function pipeTo(
  child: ChildProcess & { readonly stdin: NonNullable<ChildProcess["stdin"]> },
  signal: AbortSignal,
): RacerPipe {
  let complaint = "";
  child.stderr?.on("data", (piece: Buffer) => {
    complaint = (complaint + piece.toString("utf8")).slice(-2000);
  });
  // The end of the process tells more than a pipe that broke because of it.
  child.stdin.on("error", () => undefined);
  const ended = new Promise<Error>((resolve) => {
    child.once("error", (error) => resolve(error));
    child.once("close", () =>
      resolve(new Error(complaint.trim().split("\n")[0] || "it has ended by itself")),
    );
  });
  const lines = createInterface({ input: child.stdout ?? process.stdin })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const next = await lines.next();
    if (next.done !== true) return next.value;
    throw new SpotproofError("store-unreachable", `A racing process: ${reasonOf(await ended)}`);
  };
  return {
    send: (line) => void child.stdin.write(`${line}\n`),
    receive: () => withinLimit(nextLine, signal),
    async close() {
      child.stdin.end();
      const timer = systemClock.after(END_LIMIT_MS, () => child.kill("SIGKILL"));
      await ended;
      timer.cancel();
    },
  };
}

function withinLimit(work: () => Promise<string>, signal: AbortSignal): Promise<string> {
  const reason = (): Error =>
    new SpotproofError(
      "store-unreachable",
      `A racing process has not answered within ${ANSWER_LIMIT_MS / 1000} s.`,
    );
  return withTimeLimit({ clock: systemClock, limitMs: ANSWER_LIMIT_MS, reason, signal }, (limited) =>
    Promise.race([
      work(),
      new Promise<never>((_, reject) => {
        limited.addEventListener("abort", () => reject(limited.reason as Error), { once: true });
      }),
    ]),
  );
}

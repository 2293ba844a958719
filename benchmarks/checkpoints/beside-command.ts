import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { median } from "../paired.ts";
import { changeInPlace, writeLargeFiles } from "./data.ts";
import { RunningSpotproof, type ToldSave } from "./spotproof-tool.ts";
import type { Workspace } from "../shared/workspace.ts";
import type { WriterOrder } from "./writer-process.ts";

// Saves beside a process that is paused for them: what it feels of them, and how long one takes after a notice.

const REST_MS = 200;
const SAVES = 5;

/** The programs, bundled. */
export interface BesidePrograms {
  readonly "spotproof-process": string;
  readonly "writer-process": string;
}

/** One way in which the command behaves. */
export interface PauseFigures {
  readonly command: string;
  /** Of the first save, of all. */
  readonly firstPausedMs: number;
  readonly firstMs: number;
  readonly medianPausedMs: number;
  readonly mostPausedMs: number;
  readonly medianMs: number;
}

/** How long a command stands still while its folder of `bytes` is saved, five times after the first. */
export async function measurePauses(
  workspace: Workspace,
  programs: BesidePrograms,
  bytes: number,
): Promise<readonly PauseFigures[]> {
  workspace.requireRoom(bytes * 3.2);
  const change = (folder: string, round: number): void => changeInPlace(folder, bytes, round);
  const commands = [
    { command: "computes; 1 % was changed since the last save", everyMs: undefined, before: change },
    { command: "writes 1 MiB somewhere every 20 ms, all the time", everyMs: 20, before: () => undefined },
  ];
  const figures: PauseFigures[] = [];
  for (const { command, everyMs, before } of commands) {
    const told = await savesBeside(workspace, programs, { bytes, everyMs, before, saves: SAVES });
    const [first, ...later] = told.map(({ saved }) => saved.checkpoint);
    if (first === undefined) throw new Error("No save was made.");
    const pauses = later.map(({ pausedMs }) => pausedMs);
    figures.push({
      command,
      firstPausedMs: first.pausedMs,
      firstMs: first.durationMs,
      medianPausedMs: median(pauses),
      mostPausedMs: Math.max(...pauses),
      medianMs: median(later.map(({ durationMs }) => durationMs)),
    });
  }
  return figures;
}

/** A save that a notice asks for. */
export interface NoticeFigures {
  readonly stateBytes: number;
  /** From asking for the save to the answer that it is durable. */
  readonly wallMs: readonly number[];
  readonly pausedMs: readonly number[];
  readonly storedBytes: number;
}

/** From a notice until everything is durable, with `bytes` of state of which 1 % changed since the last save. */
export async function measureNotice(
  workspace: Workspace,
  programs: BesidePrograms,
  bytes: number,
  runs: number,
): Promise<NoticeFigures> {
  workspace.requireRoom(bytes * 2.2);
  const before = (folder: string, round: number): void => changeInPlace(folder, bytes, round);
  const [, ...told] = await savesBeside(workspace, programs, {
    bytes,
    everyMs: undefined,
    before,
    saves: runs,
  });
  return {
    stateBytes: bytes,
    wallMs: told.map(({ wallMs }) => wallMs),
    pausedMs: told.map(({ saved }) => saved.checkpoint.pausedMs),
    storedBytes: median(told.map(({ saved }) => saved.checkpoint.storedBytes)),
  };
}

/** Saves once, and then so many times more with `before` called ahead of each. */
async function savesBeside(
  workspace: Workspace,
  programs: BesidePrograms,
  plan: {
    readonly bytes: number;
    readonly everyMs: number | undefined;
    readonly before: (folder: string, round: number) => void;
    readonly saves: number;
  },
): Promise<readonly ToldSave[]> {
  const folder = workspace.fresh("large");
  writeLargeFiles(folder, plan.bytes);
  const order: WriterOrder = { folder, everyMs: plan.everyMs };
  const writer = workspace.start([process.execPath, programs["writer-process"], JSON.stringify(order)]);
  if (writer.stdout === null || writer.pid === undefined) throw new Error("The writer did not start.");
  await once(writer.stdout, "data");
  const store = join(workspace.fresh("tool"), "store");
  const running = await RunningSpotproof.start(workspace, programs["spotproof-process"], { store, folder });
  const told: ToldSave[] = [];
  for (let round = 0; round <= plan.saves; round += 1) {
    if (round > 0) plan.before(folder, round);
    await sleep(REST_MS);
    told.push(await running.save({ reason: round === 0 ? "interval" : "notice", pausePid: writer.pid }));
  }
  await running.end();
  const ended = once(writer, "exit");
  writer.kill("SIGKILL");
  await ended;
  workspace.absent("large");
  workspace.absent("tool");
  return told;
}

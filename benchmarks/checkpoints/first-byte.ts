import fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { median } from "../paired.ts";
import { writeLargeFiles } from "./data.ts";
import { RunningSpotproof } from "./spotproof-tool.ts";
import type { SpotproofOrder } from "./spotproof-process.ts";
import type { Workspace } from "../shared/workspace.ts";

/** How often the folder is looked at while it is restored. */
const LOOK_MS = 2;
const REST_MS = 200;

/** From making the process, in ms; medians. */
export interface FirstByteFigures {
  /** A file had content. */
  readonly firstByteMs: number;
  /** A file was complete, with its times. */
  readonly firstFileMs: number;
  /** The process had ended: everything is in its place. */
  readonly wholeMs: number;
}

/** Watches restores from outside. Nobody can use a file before the whole: the folder takes its name when it is complete. */
export async function measureFirstByte(
  workspace: Workspace,
  program: string,
  bytes: number,
  runs: number,
): Promise<FirstByteFigures> {
  workspace.requireRoom(bytes * 3.2);
  const source = workspace.fresh("large");
  writeLargeFiles(source, bytes);
  await sleep(REST_MS);
  const store = join(workspace.fresh("tool"), "store");
  const running = await RunningSpotproof.start(workspace, program, { store, folder: source });
  const { saved } = await running.save();
  await running.end();
  const all: FirstByteFigures[] = [];
  for (let run = 0; run < runs; run += 1) {
    const order = { store, folder: workspace.absent("restored"), restore: saved.checkpoint.id };
    all.push(await watchRestore(workspace, program, order, source));
  }
  for (const name of ["large", "tool", "restored"]) workspace.absent(name);
  const middle = (of: keyof FirstByteFigures): number => median(all.map((figures) => figures[of]));
  return {
    firstByteMs: middle("firstByteMs"),
    firstFileMs: middle("firstFileMs"),
    wholeMs: middle("wholeMs"),
  };
}

async function watchRestore(
  workspace: Workspace,
  program: string,
  order: SpotproofOrder,
  source: string,
): Promise<FirstByteFigures> {
  // The restore writes beside the folder; in the end it may already have been renamed.
  const places = [`${order.folder}.spotproof-restore`, order.folder];
  const begunMs = performance.now();
  const child = workspace.start([process.execPath, program, JSON.stringify(order)]);
  const end = workspace.untilEnd(child);
  let firstByteMs: number | undefined;
  let firstFileMs: number | undefined;
  while (child.exitCode === null && child.signalCode === null && firstFileMs === undefined) {
    const now = performance.now() - begunMs;
    const files = places.flatMap(statsIn);
    if (files.some(({ stats }) => stats.blocks > 0)) firstByteMs ??= now;
    if (files.some(({ name, stats }) => hasTimeOf(stats, join(source, name)))) firstFileMs = now;
    await sleep(LOOK_MS);
  }
  await end;
  const wholeMs = performance.now() - begunMs;
  return { firstByteMs: firstByteMs ?? wholeMs, firstFileMs: firstFileMs ?? wholeMs, wholeMs };
}

/** A restored file gets its time when its content is complete; to the microsecond, which is what can be set. */
function hasTimeOf(stats: fs.Stats, original: string): boolean {
  return Math.abs(stats.mtimeMs - fs.statSync(original).mtimeMs) < 0.01;
}

function statsIn(folder: string): readonly { readonly name: string; readonly stats: fs.Stats }[] {
  if (!fs.existsSync(folder)) return [];
  try {
    return fs.readdirSync(folder).map((name) => ({ name, stats: fs.statSync(join(folder, name)) }));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // renamed while it was looked at
    throw error;
  }
}

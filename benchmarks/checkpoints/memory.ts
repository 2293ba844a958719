import { tmpdir } from "node:os";
import { writeLargeFiles } from "./data.ts";
import type { Tool } from "./tool.ts";
import { Workspace, freeBytes, isInMemory } from "../shared/workspace.ts";

/** The most memory that our process had, for one size of state. */
export interface MemoryFigures {
  readonly stateBytes: number;
  readonly savePeakBytes: number;
  readonly restorePeakBytes: number;
  /** Where the state and the store lay. */
  readonly folder: string;
}

/** What was measured, and sizes for which there was no room. */
export interface MemoryReport {
  readonly figures: readonly MemoryFigures[];
  readonly withoutRoom: readonly number[];
}

/**
 * Measures a first save and a restore of each size, in the folder for temporary files: what is too large for the memory
 * belongs on a disk, and there the store writes past the page cache. Without room there, in the workspace.
 */
export async function measureMemory(
  workspace: Workspace,
  openTool: (workspace: Workspace) => Tool,
  sizes: readonly number[],
): Promise<MemoryReport> {
  const figures: MemoryFigures[] = [];
  const withoutRoom: number[] = [];
  for (const stateBytes of sizes) {
    const base = [tmpdir(), workspace.folder].find((folder) => freeBytes(folder) >= stateBytes * 2.1);
    if (base === undefined) {
      withoutRoom.push(stateBytes);
      continue;
    }
    const place = new Workspace(base);
    try {
      figures.push(await measureOne(place, openTool(place), stateBytes));
    } finally {
      place.close();
    }
  }
  return { figures, withoutRoom };
}

async function measureOne(workspace: Workspace, tool: Tool, stateBytes: number): Promise<MemoryFigures> {
  const source = workspace.fresh("large");
  writeLargeFiles(source, stateBytes);
  const session = await tool.begin({ source, own: workspace.fresh("tool") });
  try {
    const { peakBytes: savePeakBytes } = await session.save();
    workspace.absent("large"); // only two of state, store and copy exist at once
    const { peakBytes: restorePeakBytes } = await session.restore(workspace.absent("restored"));
    return {
      stateBytes,
      savePeakBytes,
      restorePeakBytes,
      folder: isInMemory(workspace.folder) ? "memory" : "a disk",
    };
  } finally {
    await session.end();
    for (const name of ["large", "tool", "restored"]) workspace.absent(name);
  }
}

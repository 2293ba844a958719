import { tmpdir } from "node:os";
import { writeLargeFiles } from "./data.ts";
import type { Tool } from "./tool.ts";
import { Workspace, freeBytes, isInMemory } from "./workspace.ts";

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

/** Measures a first save and a restore of each size. Where memory has no room for it, in the folder for temporary files. */
export async function measureMemory(
  workspace: Workspace,
  openTool: (workspace: Workspace) => Tool,
  sizes: readonly number[],
): Promise<MemoryReport> {
  const figures: MemoryFigures[] = [];
  const withoutRoom: number[] = [];
  for (const stateBytes of sizes) {
    const needed = stateBytes * 2.1;
    if (freeBytes(workspace.folder) >= needed)
      figures.push(await measureOne(workspace, openTool, stateBytes));
    else if (freeBytes(tmpdir()) >= needed) {
      const elsewhere = new Workspace(tmpdir());
      try {
        figures.push(await measureOne(elsewhere, openTool, stateBytes));
      } finally {
        elsewhere.close();
      }
    } else withoutRoom.push(stateBytes);
  }
  return { figures, withoutRoom };
}

async function measureOne(
  workspace: Workspace,
  openTool: (workspace: Workspace) => Tool,
  stateBytes: number,
): Promise<MemoryFigures> {
  const source = workspace.fresh("large");
  writeLargeFiles(source, stateBytes);
  const session = await openTool(workspace).begin({ source, own: workspace.fresh("tool") });
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

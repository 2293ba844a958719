import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { type Interface, createInterface } from "node:readline";
import { VERSION } from "../../src/base/version.ts";
import { folderBytes } from "../shared/folders.ts";
import { type Sample, measureCommand } from "../shared/measuring.ts";
import type { SaveOrder, SpotproofOrder, SpotproofReport } from "./spotproof-process.ts";
import type { Tool } from "./tool.ts";
import type { Workspace } from "../shared/workspace.ts";

type Saved = Extract<SpotproofReport, { kind: "saved" }>;

/** One save as it was told, and the wall time from asking for it to being told that it is durable. */
export interface ToldSave {
  readonly wallMs: number;
  readonly saved: Saved;
}

/** A process of ours that runs, knows what it saved last, and saves when it is asked to. */
export class RunningSpotproof {
  /** From making the process until it was ready to save. */
  readonly start: Sample;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(start: Sample, child: ChildProcess, lines: AsyncIterator<string>) {
    this.start = start;
    this.#child = child;
    this.#lines = lines;
  }

  /** Starts the bundled program and waits until it is ready. */
  static async start(
    workspace: Workspace,
    program: string,
    order: SpotproofOrder,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<RunningSpotproof> {
    const begunMs = performance.now();
    const child = workspace.start([process.execPath, program, JSON.stringify(order)], environment);
    const lines = linesOf(child)[Symbol.asyncIterator]();
    const { kind, cpuMs, peakBytes } = await nextReport(lines);
    if (kind !== "ready") throw new Error(`Spotproof's process said ${kind} first.`);
    return new RunningSpotproof({ wallMs: performance.now() - begunMs, cpuMs, peakBytes }, child, lines);
  }

  /** Asks for a save and waits until it is durable. */
  async save(order: SaveOrder = { reason: "interval" }): Promise<ToldSave> {
    const begunMs = performance.now();
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const saved = await nextReport(this.#lines);
    if (saved.kind !== "saved") throw new Error(`Spotproof's process said ${saved.kind} instead of saved.`);
    return { wallMs: performance.now() - begunMs, saved };
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }
}

/** Where Spotproof's store is. */
export interface StorePlace {
  location(own: string): string;
  readonly environment: Readonly<Record<string, string>>;
  storedBytes(own: string): Promise<number>;
  /** Removes what lies elsewhere than in `own`. */
  end(): Promise<void>;
}

const IN_FOLDER: StorePlace = {
  location: (own) => join(own, "store"),
  environment: {},
  storedBytes: async (own) => folderBytes(join(own, "store")),
  end: async () => undefined,
};

/** Spotproof, its store in a folder unless told otherwise. `program` is the bundled `spotproof-process`. */
export function spotproofTool(workspace: Workspace, program: string, place: StorePlace = IN_FOLDER): Tool {
  const { environment } = place;
  return {
    name: "Spotproof",
    version: `${VERSION}, on Node ${process.versions.node}`,
    savesOnce: false,
    verifiedBy: "bytes",
    async begin({ source, own }) {
      const store = place.location(own);
      let running: RunningSpotproof | undefined;
      let newest: Saved["checkpoint"]["id"] | undefined;
      return {
        async save() {
          running ??= await RunningSpotproof.start(
            workspace,
            program,
            { store, folder: source },
            environment,
          );
          const { wallMs, saved } = await running.save();
          newest = saved.checkpoint.id;
          return {
            wallMs: running.start.wallMs + wallMs,
            cpuMs: running.start.cpuMs + saved.cpuMs,
            peakBytes: Math.max(running.start.peakBytes, saved.peakBytes),
          };
        },
        async restore(into) {
          await running?.end();
          const order: SpotproofOrder = { store, folder: into, restore: newest };
          const argv = [process.execPath, program, JSON.stringify(order)] as const;
          return measureCommand(workspace, { argv, folder: own, environment });
        },
        storedBytes: () => place.storedBytes(own),
        async end() {
          await running?.end();
          await place.end();
        },
      };
    },
  };
}

function linesOf(child: ChildProcess): Interface {
  if (child.stdout === null) throw new Error("Spotproof's process has no standard output.");
  return createInterface(child.stdout);
}

async function nextReport(lines: AsyncIterator<string>): Promise<SpotproofReport> {
  const { value, done } = await lines.next();
  if (done === true) throw new Error("Spotproof's process ended early.");
  return JSON.parse(value) as SpotproofReport;
}

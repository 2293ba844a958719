import { setTimeout as sleep } from "node:timers/promises";
import { changeInPlace, insertAtFront, writeLargeFiles, writeSmallFiles } from "./data.ts";
import { folderBytes, requireSameFiles } from "../shared/folders.ts";
import { type Results, WORKS, type Work } from "./results.ts";
import type { Tool, ToolSession } from "./tool.ts";
import type { Workspace } from "../shared/workspace.ts";

/** Nobody saves a file in the moment in which it is written: files that are this fresh would have to be read twice. */
const REST_MS = 200;

/** What is to be measured. */
export interface RoundsPlan {
  readonly workspace: Workspace;
  readonly tools: readonly Tool[];
  readonly works: ReadonlySet<Work>;
  readonly runs: number;
  readonly largeBytes: number;
  readonly smallFiles: number;
  /** Called before each measurement. */
  readonly settle?: (() => void) | undefined;
  /** A tool that failed is left out from then on, and this is told. Absent: a failure ends the benchmark. */
  readonly onFailure?: ((tool: Tool, error: unknown) => void) | undefined;
  /** Told what is being done. */
  readonly onProgress: (what: string) => void;
}

/**
 * Lets every tool do all of the work, in turn, so often. A round of one tool begins with the same data and an empty
 * repository, and leaves nothing behind: there is never more than one repository and one restored folder beside the data.
 */
export async function measureRounds(plan: RoundsPlan, results: Results): Promise<void> {
  const { workspace, largeBytes, works } = plan;
  const wants = (...some: readonly Work[]): boolean => some.some((work) => works.has(work));
  if (wants("first", "nothing", "change", "insert", "restore")) {
    workspace.requireRoom(largeBytes * 3.2);
    const source = workspace.fresh("large");
    await inTurn(plan, results, (tool) => {
      writeLargeFiles(source, largeBytes);
      return new Round(plan, tool, results, source).large();
    });
    workspace.absent("large");
  }
  if (wants("files-first", "files-nothing", "files-restore")) {
    const source = workspace.fresh("small");
    workspace.requireRoom(plan.smallFiles * 44 * 1024 * 2.2);
    writeSmallFiles(source, plan.smallFiles);
    await inTurn(plan, results, (tool) => new Round(plan, tool, results, source).small());
    workspace.absent("small");
  }
}

async function inTurn(
  { tools, runs, onFailure }: RoundsPlan,
  results: Results,
  action: (tool: Tool) => Promise<void>,
): Promise<void> {
  const failed = new Set<Tool>();
  for (let run = 0; run < runs; run += 1) {
    for (const tool of tools.filter((tool) => !failed.has(tool))) {
      try {
        await action(tool);
      } catch (error) {
        if (onFailure === undefined) throw error;
        failed.add(tool);
        results.forget(tool.name);
        onFailure(tool, error);
      }
    }
  }
}

/** One tool doing all of the work once. */
class Round {
  readonly #plan: RoundsPlan;
  readonly #tool: Tool;
  readonly #results: Results;
  readonly #source: string;

  constructor(plan: RoundsPlan, tool: Tool, results: Results, source: string) {
    this.#plan = plan;
    this.#tool = tool;
    this.#results = results;
    this.#source = source;
  }

  async large(): Promise<void> {
    const { largeBytes } = this.#plan;
    await this.#withSession(async (session) => {
      await this.#save(session, "first");
      if (!this.#tool.savesOnce) {
        if (this.#wants("nothing")) await this.#save(session, "nothing");
        if (this.#wants("change")) {
          changeInPlace(this.#source, largeBytes);
          await this.#save(session, "change");
        }
        if (this.#wants("insert")) {
          insertAtFront(this.#source);
          await this.#save(session, "insert");
        }
      }
      if (this.#wants("restore")) await this.#restore(session, "restore");
    });
  }

  async small(): Promise<void> {
    await this.#withSession(async (session) => {
      await this.#save(session, "files-first");
      if (this.#wants("files-nothing") && !this.#tool.savesOnce) await this.#save(session, "files-nothing");
      if (this.#wants("files-restore")) await this.#restore(session, "files-restore");
    });
  }

  #wants(work: Work): boolean {
    return this.#plan.works.has(work);
  }

  async #withSession(use: (session: ToolSession) => Promise<void>): Promise<void> {
    const { workspace } = this.#plan;
    const own = workspace.fresh("tool");
    const session = await this.#tool.begin({ source: this.#source, own });
    try {
      await use(session);
    } finally {
      await session.end();
      workspace.absent("tool");
    }
  }

  async #save(session: ToolSession, work: Work): Promise<void> {
    this.#plan.onProgress(`${this.#tool.name}: ${WORKS[work]}`);
    await sleep(REST_MS);
    this.#plan.settle?.();
    const before = await session.storedBytes();
    const sample = await session.save();
    const addedBytes = (await session.storedBytes()) - before;
    if (this.#wants(work)) this.#results.add(this.#tool.name, work, { ...sample, addedBytes });
  }

  async #restore(session: ToolSession, work: Work): Promise<void> {
    const { workspace, onProgress, settle } = this.#plan;
    onProgress(`${this.#tool.name}: ${WORKS[work]}`);
    settle?.();
    const into = workspace.absent("restored");
    const sample = await session.restore(into);
    requireSameFiles(this.#source, into, this.#tool.verifiedBy);
    if (folderBytes(into) === 0) throw new Error(`${this.#tool.name} restored nothing.`);
    this.#results.add(this.#tool.name, work, sample);
    workspace.absent("restored");
  }
}

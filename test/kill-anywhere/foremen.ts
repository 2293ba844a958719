import { spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { ChainTask, Link } from "./crash-chain.ts";
import { removeFolder } from "./states.ts";

/** So many chains run at a time: two for each of two cores, since each waits a third of its time for the kernel. */
const FOREMEN = 4;

/** A folder for many small files. */
export interface Places {
  readonly path: string;
  remove(): void;
}

/** A fresh folder, in memory where the system has such a place. */
export function freshPlaces(): Places {
  let parent = tmpdir();
  try {
    accessSync("/dev/shm", constants.W_OK);
    parent = "/dev/shm";
  } catch {
    // A system without it: its temporary folder does as well, more slowly.
  }
  const path = mkdtempSync(join(parent, "spotproof-kill-anywhere-"));
  return { path, remove: () => removeFolder(path) };
}

/** Runs the chains of all tasks and gives their links, until `enough` says so. */
export async function runChains(
  foreman: string,
  tasks: Iterable<ChainTask>,
  enough: (links: readonly Link[]) => boolean,
): Promise<readonly Link[]> {
  const queue = tasks[Symbol.iterator]();
  const links: Link[] = [];
  const failures: unknown[] = [];
  const work = async (): Promise<void> => {
    let task = queue.next();
    if (task.done === true) return;
    const { environment: env } = task.value.setting;
    const child = spawn(process.execPath, [foreman], { env, stdio: ["pipe", "pipe", "inherit"] });
    const exited = once(child, "exit");
    child.stdin.on("error", () => undefined); // of one that died: the end of its answers tells
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    try {
      while (task.done !== true && failures.length === 0 && !enough(links)) {
        child.stdin.write(`${JSON.stringify(task.value)}\n`);
        const answer = await answers.next();
        if (answer.done === true) throw new Error(`A foreman died in chain ${task.value.chain}.`);
        links.push(...(JSON.parse(answer.value) as Link[]));
        task = queue.next();
      }
    } catch (error) {
      failures.push(error); // the others stop as well
    } finally {
      child.stdin.end();
      await exited;
    }
  };
  await Promise.all(Array.from({ length: FOREMEN }, work));
  if (failures.length > 0) throw failures[0];
  return links;
}

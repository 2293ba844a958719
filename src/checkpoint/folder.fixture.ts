import { createCipheriv, createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type CheckpointId, attemptNumber, parseJobName, systemClock } from "../base/index.ts";
import { type Store, createMemoryStore } from "../store/index.ts";
import type {
  FolderSaver,
  PausedCommand,
  RestoreRequest,
  RestoredFolder,
  SaveRequest,
  SavedCheckpoint,
} from "./checkpoint.ts";
import { createFolderSaver, restoreFolder } from "./index.ts";
import { removeTree } from "./save/remove-tree.ts";

/** The job of every test here. */
export const JOB = parseJobName("train");

/** A fresh folder that is removed when the test ends. */
export function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "spotproof-checkpoint-"));
  onTestFinished(() => removeTree(Buffer.from(folder)));
  return folder;
}

/** A folder to work in, a store, and savers and restores between them. */
export interface Bench {
  readonly store: Store;
  readonly base: string;
  /** The command's folder. Does not exist yet. */
  readonly work: string;
  saver(attempt?: number, restored?: RestoredFolder, lineage?: readonly CheckpointId[]): FolderSaver;
  restore(lineage: readonly CheckpointId[], more?: Partial<RestoreRequest>): ReturnType<typeof restoreFolder>;
}

export function openBench(store: Store = createMemoryStore()): Bench {
  const base = freshFolder();
  const work = join(base, "ckpt");
  return {
    store,
    base,
    work,
    saver: (attempt = 1, restored, lineage) =>
      createFolderSaver({
        store,
        job: JOB,
        attempt: attemptNumber(attempt),
        clock: systemClock,
        folder: work,
        restored,
        lineage,
      }),
    restore: (lineage, more = {}) =>
      restoreFolder({
        store,
        job: JOB,
        lineage,
        folder: join(base, "restored"),
        asideName: "replaced-by-attempt-000002",
        ...more,
      }),
  };
}

/** Saves and expects it to work. */
export async function save(saver: FolderSaver, more: Partial<SaveRequest> = {}): Promise<SavedCheckpoint> {
  const result = await saver.save({ reason: "start", confirm: async () => "valid", ...more });
  if (result.kind !== "saved") throw new Error(`The save ended as ${result.kind}.`);
  return result.checkpoint;
}

/** A pause for tests in which nothing really runs; counts how often it was undone. */
export function countingPause(): {
  readonly pause: () => Promise<PausedCommand>;
  readonly counts: { pauses: number; resumes: number };
} {
  const counts = { pauses: 0, resumes: 0 };
  const pause = async (): Promise<PausedCommand> => {
    counts.pauses += 1;
    return {
      mappedFiles: new Set(),
      resume: async () => {
        counts.resumes += 1;
      },
    };
  };
  return { pause, counts };
}

/**
 * Everything about a folder that a restore must bring back, one line for each entry; read with plain calls, not with the
 * code under test. Times are in microseconds, which is what Node.js can set.
 */
export function describeTree(folder: string): readonly string[] {
  const lines: string[] = [];
  const inodes = new Map<bigint, string>();
  const visit = (path: Buffer, name: string): void => {
    const status = lstatSync(path, { bigint: true });
    const common = `${name} ${(status.mode & 0o170000n).toString(8)} ${status.mtimeNs / 1000n} ${status.uid}:${status.gid}`;
    const mode = (status.mode & 0o7777n).toString(8);
    if (status.isSymbolicLink())
      lines.push(`${common} -> ${readlinkSync(path, "buffer").toString("latin1")}`);
    else if (status.isFile()) {
      const first = inodes.get(status.ino) ?? name;
      inodes.set(status.ino, first);
      const hash = createHash("sha256").update(readFileSync(path)).digest("hex");
      lines.push(`${common} ${mode} ${status.size} ${hash} ${first}`);
    } else if (status.isDirectory()) {
      lines.push(`${common} ${mode}`);
      const names = readdirSync(path, "buffer").sort((a, b) => a.compare(b));
      for (const next of names) {
        visit(Buffer.concat([path, Buffer.from("/"), next]), `${name}/${next.toString("latin1")}`);
      }
    }
  };
  visit(Buffer.from(folder), "");
  return lines;
}

/** Repeatable bytes that do not compress. */
export function noise(length: number, seed: number): Buffer {
  const key = createHash("sha256").update(String(seed)).digest().subarray(0, 16);
  return createCipheriv("aes-128-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(length));
}

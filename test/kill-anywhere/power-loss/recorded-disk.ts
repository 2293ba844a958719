import { AsyncLocalStorage } from "node:async_hooks";
import { mkdirSync, rmSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Random, randomBelow, seededRandom } from "../../../src/base/index.ts";
import { type LifeEvent, liveAttempt } from "../attempt-life.ts";
import { type Around, type DiskOperation, oneAtATime, pathText, watchDisk } from "../disk-operations.ts";
import { removeFolder } from "../states.ts";
import { type Mutant, spoil } from "../store-mutants.ts";

// The history of a store, as its disk saw it: every change in order, with its bytes, and what the job told in between.

/** One change, or a request to make changes durable; paths are relative to the disk. Files have numbers, names change. */
export type DiskChange =
  | { readonly kind: "new folder"; readonly path: string }
  | { readonly kind: "new file"; readonly path: string; readonly file: number }
  | { readonly kind: "append"; readonly file: number; readonly bytes: Buffer }
  | { readonly kind: "sync file"; readonly file: number }
  | { readonly kind: "sync folder"; readonly path: string }
  | { readonly kind: "link"; readonly from: string; readonly to: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string }
  | { readonly kind: "unlink"; readonly path: string }
  | { readonly kind: "told"; readonly event: LifeEvent };

/** One attempt of a history. */
export interface RecordedLife {
  readonly steps: number;
  /** It dies before the disk operation with this number; without one it lives to its end. */
  readonly diesBefore?: number | undefined;
}

/** Where in a disk the store lies: two of the folders above it do not exist at first either. */
export const STORE_ON_DISK = "srv/jobs/store";

/** Lets attempts live one after another, each on a fresh machine, and records what becomes of the disk of their store. */
export async function recordHistory(
  places: string,
  seed: number,
  lives: readonly RecordedLife[],
  mutant?: Mutant,
): Promise<readonly DiskChange[]> {
  const recorder = new Recorder(join(places, `disk-${seed}`));
  const random = seededRandom(seed);
  const current = new AsyncLocalStorage<Around>();
  const stop = await watchDisk((operation, run) => (current.getStore() ?? act)(operation, run));
  try {
    for (const [number, life] of lives.entries()) {
      const machine = join(places, `machine-${seed}-${number}`);
      await recordLife({ recorder, random, current, seed, mutant }, life, machine);
      removeFolder(machine);
    }
  } finally {
    stop();
    rmSync(recorder.disk, { recursive: true });
  }
  return recorder.changes;
}

const act: Around = (_, run) => run();

interface Recording {
  readonly recorder: Recorder;
  readonly random: Random;
  readonly current: AsyncLocalStorage<Around>;
  readonly seed: number;
  readonly mutant: Mutant | undefined;
}

async function recordLife(recording: Recording, life: RecordedLife, machine: string): Promise<void> {
  const { recorder, random, current, seed, mutant } = recording;
  let operations = 0;
  const isDead = (): boolean => life.diesBefore !== undefined && operations >= life.diesBefore;
  const around = oneAtATime<DiskOperation>(
    () => random.next(),
    async (operation, run) => {
      operations += 1;
      // Nothing that it does after its death has any effect, and nobody hears of it.
      if (isDead()) throw new Death();
      return recorder.record(operation, run);
    },
  );
  const tell = (event: LifeEvent): void => {
    if (!isDead()) recorder.changes.push({ kind: "told", event });
  };
  const store = join(recorder.disk, STORE_ON_DISK);
  const pauses = randomBelow(random, 2) === 0;
  const plan = { store, folder: join(machine, "work"), seed, steps: life.steps, pruneEvery: 2, pauses };
  try {
    await current.run(around, () => liveAttempt(plan, tell, (opened) => spoil(mutant, opened)));
  } catch (error) {
    if (!isDead()) throw error;
  }
}

class Death extends Error {}

class Recorder {
  readonly changes: DiskChange[] = [];
  readonly disk: string;
  readonly #handles = new WeakMap<FileHandle, number>();
  #files = 0;

  constructor(disk: string) {
    this.disk = disk;
    mkdirSync(disk);
  }

  async record(operation: DiskOperation, run: () => Promise<unknown>): Promise<unknown> {
    const path = this.#onDisk(operation.openedAs ?? pathText(operation.args[0]));
    const result = await run();
    if (path === undefined) return result;
    this.changes.push(...this.#changesBy(operation, path, result));
    return result;
  }

  #changesBy(operation: DiskOperation, path: string, result: unknown): readonly DiskChange[] {
    const { name, args, handle } = operation;
    const file = handle === undefined ? undefined : this.#handles.get(handle);
    const to = this.#onDisk(pathText(args[1])) ?? "";
    switch (name) {
      case "mkdir":
        return this.#newFolders(path, result);
      case "open":
        this.#files += 1;
        this.#handles.set(result as FileHandle, this.#files);
        if (args[1] === "wx") return [{ kind: "new file", path, file: this.#files }];
        break;
      case "handle.writev":
        if (file !== undefined) return [{ kind: "append", file, bytes: written(args[0], result) }];
        break;
      case "handle.sync":
        return [file === undefined ? { kind: "sync folder", path } : { kind: "sync file", file }];
      case "link":
      case "rename":
        return [{ kind: name, from: path, to }];
      case "unlink":
        return [{ kind: name, path }];
      default:
    }
    throw new Error(`The model of a disk does not know ${name} of ${path}.`);
  }

  #newFolders(path: string, first: unknown): readonly DiskChange[] {
    const highest = first === undefined ? undefined : this.#onDisk(first as string);
    const changes: DiskChange[] = [];
    if (highest === undefined) return [];
    for (let folder = path; folder !== dirname(highest); folder = dirname(folder)) {
      changes.unshift({ kind: "new folder", path: folder });
    }
    return changes;
  }

  /** The path below the disk; "" for the disk itself, undefined for what lies elsewhere. */
  #onDisk(path: string): string | undefined {
    if (path === this.disk) return "";
    return path.startsWith(`${this.disk}/`) ? path.slice(this.disk.length + 1) : undefined;
  }
}

function written(pieces: unknown, result: unknown): Buffer {
  const { bytesWritten } = result as { readonly bytesWritten: number };
  return Buffer.concat((pieces as readonly Uint8Array[]).map((piece) => Buffer.from(piece))).subarray(
    0,
    bytesWritten,
  );
}

import type * as Crypto from "node:crypto";
import type * as Fs from "node:fs";

/** A request to a worker. Addresses are those of the shared memory. */
export type WorkerJob = { readonly id: number } & (
  | { readonly kind: "hash" /** Begin and end of each. */; readonly spans: Uint32Array }
  | {
      readonly kind: "read";
      /** Every path is this and one of `paths`, which have NULs between them; all held as `PathBytes`. */
      readonly folder: string;
      readonly paths: string;
      /** Where each begins and how long it is. */
      readonly places: Uint32Array;
      /** Of each: size, mtimeNs, ctimeNs, ino, dev, modulo 2^64. */
      readonly stats: BigUint64Array;
    }
);

/** What a worker answers. */
export interface WorkerAnswer {
  readonly id: number;
  /** 32 bytes for each span. */
  readonly hashes?: Uint8Array | undefined;
  /** For each file 0: read, 1: changed, 2: an error of those below. */
  readonly outcomes?: Uint8Array | undefined;
  readonly errors?: readonly {
    readonly file: number;
    readonly message: string;
    readonly code: string;
    readonly syscall: string;
  }[];
}

/** What a worker asks of the file system: it only reads. */
export type ReadingCall = "openSync" | "readSync" | "fstatSync" | "closeSync" | "constants";

/** Does jobs in a memory. */
export type JobPerformer = (job: WorkerJob) => WorkerAnswer;

/**
 * What a worker does. Workers are started from this function's text, so that it works from the source, from our bundle and
 * from whatever a user bundles it into, where a file of its own would not be found: so it uses nothing from outside of
 * itself. `load` gives modules of Node.js.
 */
export function makeJobPerformer(load: (name: string) => unknown, buffer: ArrayBufferLike): JobPerformer {
  const { createHash } = load("node:crypto") as typeof Crypto;
  const fs = load("node:fs") as Pick<typeof Fs, ReadingCall>;
  const memory = Buffer.from(buffer);
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants; // a pipe may have taken a file's place: do not wait for it

  const hashAll = (spans: Uint32Array): Uint8Array => {
    const hashes = new Uint8Array(spans.length * 16);
    for (let at = 0; at < spans.length; at += 2) {
      const bytes = memory.subarray(spans[at], spans[at + 1]);
      hashes.set(createHash("sha256").update(bytes).digest(), at * 16);
    }
    return hashes;
  };

  const readInto = (path: Buffer, begin: number, length: number, expected: BigUint64Array): boolean => {
    const file = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      let read = 0;
      while (read < length) {
        const bytes = fs.readSync(file, memory, begin + read, length - read, read);
        if (bytes === 0) break;
        read += bytes;
      }
      const { size, mtimeNs, ctimeNs, ino, dev } = fs.fstatSync(file, { bigint: true });
      const found = BigUint64Array.of(size, mtimeNs, ctimeNs, ino, dev);
      return found.every((value, member) => value === expected[member]);
    } finally {
      fs.closeSync(file);
    }
  };

  const readAll = ({
    id,
    folder,
    paths,
    places,
    stats,
  }: Extract<WorkerJob, { kind: "read" }>): WorkerAnswer => {
    const names = paths.split("\0");
    const outcomes = new Uint8Array(names.length);
    const errors: { file: number; message: string; code: string; syscall: string }[] = [];
    names.forEach((path, file) => {
      try {
        const bytes = Buffer.from(folder + path, "latin1");
        const expected = stats.subarray(file * 5, file * 5 + 5);
        const same = readInto(bytes, places[file * 2] ?? 0, places[file * 2 + 1] ?? 0, expected);
        outcomes[file] = same ? 0 : 1;
      } catch (error) {
        const { code = "", syscall = "", message } = error as NodeJS.ErrnoException;
        const isGone = code === "ENOENT" || code === "ENOTDIR";
        outcomes[file] = isGone ? 1 : 2;
        if (!isGone) errors.push({ file, message, code, syscall });
      }
    });
    return { id, outcomes, errors };
  };

  return (job) => (job.kind === "hash" ? { id: job.id, hashes: hashAll(job.spans) } : readAll(job));
}

/** The text of a worker that performs jobs in the memory that it is started with. */
export const workerText = (): string => `
const { parentPort, workerData } = require("node:worker_threads");
const perform = (${makeJobPerformer.toString()})(require, workerData.buffer);
parentPort.on("message", (job) => parentPort.postMessage(perform(job)));
`;

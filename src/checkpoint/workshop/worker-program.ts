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
  | {
      readonly kind: "write";
      readonly folder: string;
      readonly paths: string;
      readonly places: Uint32Array;
      /** Of those whose content lies elsewhere, by their number. */
      readonly contents: ReadonlyMap<number, Uint8Array>;
      /** Of each: mode, uid, gid, time of the last change in seconds. */
      readonly attributes: Float64Array;
      readonly isRoot: boolean;
      readonly durable: boolean;
    }
);

type ReadJob = Extract<WorkerJob, { kind: "read" }>;
type WriteJob = Extract<WorkerJob, { kind: "write" }>;

/** What a worker answers. */
export interface WorkerAnswer {
  readonly id: number;
  /** 32 bytes for each span. */
  readonly hashes?: Uint8Array | undefined;
  /** For each file 0: done, 1: changed, 2: an error of those below. */
  readonly outcomes?: Uint8Array | undefined;
  readonly errors?: readonly {
    readonly file: number;
    readonly message: string;
    readonly code: string;
    readonly syscall: string;
  }[];
}

/** What a worker asks of the file system. It writes only files that do not exist yet, in the fresh folder of a restore. */
export type WorkerFs = Pick<
  typeof Fs,
  | "constants"
  | "openSync"
  | "closeSync"
  | "readSync"
  | "fstatSync"
  | "writeSync"
  | "fchownSync"
  | "fchmodSync"
  | "futimesSync"
  | "fsyncSync"
>;

/** Does jobs in a memory. */
export type JobPerformer = (job: WorkerJob) => WorkerAnswer;

/**
 * What a worker does. Workers are started from this function's text, so that it works from the source, from our bundle and
 * from whatever a user bundles it into, where a file of its own would not be found: so it uses nothing from outside of
 * itself. `load` gives modules of Node.js.
 */
export function makeJobPerformer(load: (name: string) => unknown, buffer: ArrayBufferLike): JobPerformer {
  const { createHash } = load("node:crypto") as typeof Crypto;
  const fs = load("node:fs") as WorkerFs;
  const memory = Buffer.from(buffer);
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_WRONLY, O_CREAT, O_EXCL } = fs.constants;

  const hashAll = (spans: Uint32Array): Uint8Array => {
    const hashes = new Uint8Array(spans.length * 16);
    for (let at = 0; at < spans.length; at += 2) {
      const bytes = memory.subarray(spans[at], spans[at + 1]);
      hashes.set(createHash("sha256").update(bytes).digest(), at * 16);
    }
    return hashes;
  };

  const readInto = (path: Buffer, begin: number, length: number, expected: BigUint64Array): boolean => {
    // A pipe may have taken the file's place: do not wait for it.
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

  const writeFrom = (path: Buffer, content: Uint8Array, attributes: Float64Array, job: WriteJob): void => {
    const [mode = 0, uid = 0, gid = 0, seconds = 0] = attributes;
    const file = fs.openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      for (let written = 0; written < content.length; )
        written += fs.writeSync(file, content, written, content.length - written, written);
      if (job.isRoot) fs.fchownSync(file, uid, gid);
      fs.fchmodSync(file, mode); // after chown, which takes the set-user-ID bit away
      fs.futimesSync(file, seconds, seconds);
      if (job.durable) fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  };

  /** What became of each file of a job; `act` says whether a file was what it should be. */
  const eachFile = (
    { id, folder, paths }: ReadJob | WriteJob,
    act: (path: Buffer, file: number) => boolean,
  ): WorkerAnswer => {
    const names = paths.split("\0");
    const outcomes = new Uint8Array(names.length);
    const errors: { file: number; message: string; code: string; syscall: string }[] = [];
    names.forEach((path, file) => {
      try {
        outcomes[file] = act(Buffer.from(folder + path, "latin1"), file) ? 0 : 1;
      } catch (error) {
        const { code = "", syscall = "", message } = error as NodeJS.ErrnoException;
        outcomes[file] = 2;
        errors.push({ file, message, code, syscall });
      }
    });
    return { id, outcomes, errors };
  };

  const placed = ({ places }: ReadJob | WriteJob, file: number): [number, number] => [
    places[file * 2] ?? 0,
    places[file * 2 + 1] ?? 0,
  ];

  return (job) => {
    switch (job.kind) {
      case "hash":
        return { id: job.id, hashes: hashAll(job.spans) };
      case "read":
        return eachFile(job, (path, file) =>
          readInto(path, ...placed(job, file), job.stats.subarray(file * 5, file * 5 + 5)),
        );
      case "write":
        return eachFile(job, (path, file) => {
          const [begin, length] = placed(job, file);
          const content = job.contents.get(file) ?? memory.subarray(begin, begin + length);
          writeFrom(path, content, job.attributes.subarray(file * 4, file * 4 + 4), job);
          return true;
        });
      default:
        return job satisfies never;
    }
  };
}

/** The text of a worker that performs jobs in the memory that it is started with. */
export const workerText = (): string => `
const { parentPort, workerData } = require("node:worker_threads");
const perform = (${makeJobPerformer.toString()})(require, workerData.buffer);
parentPort.on("message", (job) => parentPort.postMessage(perform(job)));
`;

import type * as Fs from "node:fs";

/** A request to the thread. */
export type SmallJob = { readonly id: number } & (
  | {
      readonly kind: "create";
      readonly bytes: Uint8Array;
      readonly temporary: string;
      readonly path: string;
      /** The folder of `path`. */
      readonly folder: string;
      /** Is to look afterwards whether there is any of these. */
      readonly absent: readonly string[];
    }
  | {
      readonly kind: "remove";
      readonly paths: readonly string[] /** Theirs. */;
      readonly folders: readonly string[];
    }
);

/**
 * Its answer. `created` and `exists`: as of the store, durable. `named`: the file has its name, and whoever asked has to make
 * that durable. `removed`: none of the files is there any more, durably. `not-done`: nothing was done that counts; whoever asked
 * does it in the usual way, and learns what is in the way of it.
 */
export type SmallOutcome = "created" | "exists" | "named" | "removed" | "not-done";

/** An answer to the job with that number; `allAbsent` after a create with something to look for. */
export type SmallAnswer = readonly [id: number, outcome: SmallOutcome, allAbsent?: boolean];

/** What it asks of the file system. */
export type SmallWriterFs = Pick<
  typeof Fs,
  "openSync" | "closeSync" | "writeSync" | "fsyncSync" | "linkSync" | "unlinkSync" | "statSync"
>;

/**
 * Makes what does the jobs: the same calls in the same order as a create of the store itself (F1, F2), one behind the other
 * without a turn of an event loop between them, but that the temporary name goes when the answer is on its way. Uses nothing
 * but its parameters, since the program of the thread is its text.
 */
export function makeSmallWriter(
  fs: SmallWriterFs,
  answer: (id: number, outcome: SmallOutcome, allAbsent?: boolean) => void,
): (job: SmallJob) => void {
  const isMissing = (error: unknown): boolean => (error as { code?: unknown }).code === "ENOENT";

  /** Nobody minds when it fails: a file that stays costs room, not correctness, and sweep takes it. */
  const discard = (path: string): boolean => {
    try {
      fs.unlinkSync(path);
      return true;
    } catch {
      return false;
    }
  };

  const write = (path: string, bytes: Uint8Array): void => {
    const file = fs.openSync(path, "wx");
    try {
      for (let at = 0; at < bytes.length; ) at += fs.writeSync(file, bytes, at);
      fs.fsyncSync(file);
    } finally {
      fs.closeSync(file);
    }
  };

  const name = (temporary: string, path: string): "created" | "exists" => {
    try {
      fs.linkSync(temporary, path);
      return "created";
    } catch (error) {
      if ((error as { code?: unknown }).code !== "EEXIST") throw error;
      // As in `linkIfAbsent`: on NFS the name may be that of our own first request.
      const ours = fs.statSync(temporary, { bigint: true });
      const theirs = fs.statSync(path, { bigint: true });
      return ours.ino === theirs.ino && ours.dev === theirs.dev ? "created" : "exists";
    }
  };

  const syncFolder = (path: string): void => {
    const folder = fs.openSync(path, "r");
    try {
      fs.fsyncSync(folder);
    } finally {
      fs.closeSync(folder);
    }
  };

  const isAbsent = (path: string): boolean => {
    try {
      fs.closeSync(fs.openSync(path, "r"));
      return false;
    } catch (error) {
      return isMissing(error);
    }
  };

  const create = ({ id, bytes, temporary, path, folder, absent }: SmallJob & { kind: "create" }): void => {
    let outcome: "created" | "exists";
    try {
      write(temporary, bytes);
      outcome = name(temporary, path);
    } catch {
      // The usual way, which comes next, meets the same trouble and says what it is.
      discard(temporary);
      return answer(id, "not-done");
    }
    try {
      syncFolder(folder);
      answer(id, outcome, absent.every(isAbsent));
    } catch {
      answer(id, outcome === "created" ? "named" : "not-done");
    }
    discard(temporary);
  };

  const unlink = (path: string): void => {
    try {
      fs.unlinkSync(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  };

  const remove = ({ id, paths, folders }: SmallJob & { kind: "remove" }): void => {
    try {
      paths.forEach(unlink);
      folders.forEach(syncFolder);
    } catch {
      return answer(id, "not-done");
    }
    answer(id, "removed");
  };

  return (job) => {
    if (job.kind === "create") create(job);
    else remove(job);
  };
}

/** The program of the thread. */
export const smallWriterText = (): string => `
const { parentPort } = require("node:worker_threads");
// Nobody reads the stacks of the errors in it, and they cost more than the calls.
Error.stackTraceLimit = 0;
const answer = (...words) => parentPort.postMessage(words);
parentPort.on("message", (${makeSmallWriter.toString()})(require("node:fs"), answer));
`;

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
    }
  | { readonly kind: "look"; readonly path: string }
);

/**
 * Its answer. `created` and `exists`: as of the store, durable. `named`: the file has its name, and whoever asked has to make
 * that durable. `absent`: there is no such file. `not-done`: nothing was done that counts; whoever asked does it in the usual
 * way, and learns what is in the way of it.
 */
export type SmallOutcome = "created" | "exists" | "named" | "absent" | "not-done";

/** An answer to the job with that number. */
export type SmallAnswer = readonly [id: number, outcome: SmallOutcome];

/** What it asks of the file system. */
export type SmallWriterFs = Pick<
  typeof Fs,
  "openSync" | "closeSync" | "writeSync" | "fsyncSync" | "linkSync" | "unlinkSync" | "statSync"
>;

/**
 * Makes what does the jobs: the same calls in the same order as a create of the store itself (F1, F2), one behind the other
 * without a turn of an event loop between them. Uses nothing but its parameter, since the program of the thread is its text.
 */
export function makeSmallWriter(fs: SmallWriterFs): (job: SmallJob) => SmallOutcome {
  const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

  const discard = (path: string): void => {
    try {
      fs.unlinkSync(path);
    } catch {
      // A file that stays costs room, not correctness; sweep takes it.
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
      if (codeOf(error) !== "EEXIST") throw error;
      // As in `linkIfAbsent`: on NFS the name may be that of our own first request.
      const [ours, theirs] = [temporary, path].map((each) => fs.statSync(each, { bigint: true }));
      return ours?.ino === theirs?.ino && ours?.dev === theirs?.dev ? "created" : "exists";
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

  const create = (job: Extract<SmallJob, { kind: "create" }>): SmallOutcome => {
    let outcome: "created" | "exists";
    try {
      write(job.temporary, job.bytes);
      outcome = name(job.temporary, job.path);
    } catch {
      // The usual way, which comes next, meets the same trouble and says what it is.
      discard(job.temporary);
      return "not-done";
    }
    discard(job.temporary);
    try {
      syncFolder(job.folder);
      return outcome;
    } catch {
      return outcome === "created" ? "named" : "not-done";
    }
  };

  const look = (path: string): SmallOutcome => {
    try {
      fs.closeSync(fs.openSync(path, "r"));
      return "not-done";
    } catch (error) {
      return codeOf(error) === "ENOENT" ? "absent" : "not-done";
    }
  };

  return (job) => (job.kind === "create" ? create(job) : look(job.path));
}

/** The program of the thread. */
export const smallWriterText = (): string => `
const { parentPort } = require("node:worker_threads");
// Nobody reads the stacks of the errors in it, and they cost more than the calls.
Error.stackTraceLimit = 0;
const perform = (${makeSmallWriter.toString()})(require("node:fs"));
parentPort.on("message", (job) => parentPort.postMessage([job.id, perform(job)]));
`;

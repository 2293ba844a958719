import fs from "node:fs";

// Files by their numbers: what is written often and small does without the objects that node:fs/promises makes of them,
// which cost as much time as a call of the system. Whoever opens a file closes it.

/** Opens a file or a folder; gives its number. */
export function openFile(path: string, flags: string): Promise<number> {
  return called((done) => fs.open(path, flags, done));
}

/** Writes pieces from a position on; gives how many bytes of them were written. */
export function writePieces(file: number, pieces: readonly Uint8Array[], position: number): Promise<number> {
  return called((done) => fs.writev(file, pieces, position, done));
}

/** Makes what was written durable. */
export function syncFile(file: number): Promise<void> {
  return called((done) => fs.fsync(file, done));
}

/** Lets go of a file. */
export function closeFile(file: number): Promise<void> {
  return called((done) => fs.close(file, done));
}

type Done<Result> = (error: NodeJS.ErrnoException | null | undefined, result?: Result) => void;

function called<Result>(call: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    call((error, result) => {
      if (error === null || error === undefined) resolve(result as Result);
      else reject(error);
    });
  });
}

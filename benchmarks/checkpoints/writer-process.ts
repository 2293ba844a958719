import { closeSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

// Stands for the user's job: a process of its own that has the folder's files open and writes in them, or only computes.

/** What the writer does, its only argument, as JSON. */
export interface WriterOrder {
  readonly folder: string;
  /** Between two writes of 1 MiB somewhere in one of the files; absent: it never writes. */
  readonly everyMs?: number | undefined;
}

const BLOCK = Buffer.alloc(1024 * 1024);

const { folder, everyMs } = JSON.parse(process.argv[2] ?? "") as WriterOrder;
const paths = readdirSync(folder).map((name) => join(folder, name));
process.stdout.write("ready\n");
for (let number = 0; ; number += 1) {
  await sleep(everyMs ?? 1000);
  const path = paths[number % paths.length];
  if (everyMs === undefined || path === undefined) continue;
  // Any place, but another one each time.
  const at = (number * 7919 * BLOCK.length) % Math.max(1, statSync(path).size - BLOCK.length);
  BLOCK.fill(number % 251);
  const file = openSync(path, "r+");
  writeSync(file, BLOCK, 0, BLOCK.length, at);
  closeSync(file);
}

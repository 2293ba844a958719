import { createHash } from "node:crypto";
import {
  chmodSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { seededRandom } from "../../src/base/index.ts";

// What the job's folder holds after each of its steps, as a function of a seed and the step alone: whoever finds a folder
// can tell whether it is exactly one of these states.

/** One entry of a folder; its time is in seconds, in multiples of 1/64, which every layer can represent. */
export type EntryState =
  | { readonly kind: "file"; readonly content: Buffer; readonly mode: number; readonly mtime: number }
  | { readonly kind: "directory"; readonly mode: number; readonly mtime: number }
  | { readonly kind: "symlink"; readonly target: string; readonly mtime: number }
  /** A second name of the file `of`. */
  | { readonly kind: "hardlink"; readonly of: string };

/** A whole folder, by paths whose characters are bytes; the folder itself is "". Parents come before their children. */
export type FolderState = ReadonlyMap<string, EntryState>;

const BLOCK_BYTES = 2048;
const BLOCKS = 6;
const HOLE_BYTES = 24_576;
const HOLE = Buffer.alloc(HOLE_BYTES);
/** What Spotproof puts into the folder itself and never saves. */
const OWN_PREFIX = ".spotproof-";

/** The state after a step. Step 0 is a job that has not done anything yet. */
export function stateAt(seed: number, step: number): FolderState {
  const state = new Map<string, EntryState>();
  const time = (index: number): number => 1_600_000_000 + step * 1000 + index + ((seed + index) % 64) / 64;
  const directory = (path: string, mode = 0o755): unknown =>
    state.set(path, { kind: "directory", mode, mtime: time(state.size) });
  const file = (path: string, content: Buffer, mode = 0o644): unknown =>
    state.set(path, { kind: "file", content, mode, mtime: time(state.size) });
  directory("");
  if (step === 0) return state;
  const epoch = `epoch-${Math.ceil(step / 2)}`;
  file("progress.json", Buffer.from(JSON.stringify({ step })), step % 2 === 0 ? 0o600 : 0o644);
  file("weights.bin", weights(seed, step));
  file("log.txt", Buffer.from(Array.from({ length: step }, (_, i) => `step ${i + 1} of the job\n`).join("")));
  file("empty", Buffer.alloc(0), 0o444);
  file("\xff name \xfe", noise(100 + (step % 7) * 300, seed, step));
  directory(epoch);
  file(`${epoch}/optimiser.bin`, noise(5000, seed, step, 1), 0o600);
  state.set("latest", { kind: "symlink", target: epoch, mtime: time(50) });
  if ((seed + step) % 3 === 0) state.set("mirror.bin", { kind: "hardlink", of: "weights.bin" });
  if ((seed + step) % 4 === 1) {
    file("sparse.bin", Buffer.concat([HOLE, noise(300, seed, step, 2)]));
  }
  if ((seed + step) % 2 === 1) {
    directory("sealed", 0o555);
    directory("sealed/inner", 0o700);
    file("sealed/inner/note", Buffer.from(`sealed at ${Math.floor(step / 4)}`), 0o400);
  }
  return state;
}

/** Each step writes one block anew and leaves the others. */
function weights(seed: number, step: number): Buffer {
  const blocks = Array.from({ length: BLOCKS }, (_, block) => {
    const writtenAt = step - ((step - block + BLOCKS * 1000) % BLOCKS);
    return noise(BLOCK_BYTES, seed, Math.max(0, writtenAt), 100 + block);
  });
  return Buffer.concat(blocks);
}

/** Repeatable bytes that do not compress. */
function noise(length: number, ...about: readonly number[]): Buffer {
  const random = seededRandom(createHash("sha256").update(about.join(" ")).digest().readUInt32LE(0));
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i += 1) words[i] = Math.floor(random.next() * 4_294_967_296);
  return Buffer.from(words.buffer, 0, length);
}

/** Brings a folder to a state, whatever it holds: what a job does between two saves. Some files are written in place. */
export function writeState(folder: string, state: FolderState): void {
  const absolute = (path: string): Buffer =>
    path === ""
      ? Buffer.from(folder)
      : Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")]);
  mkdirSync(folder, { recursive: true });
  for (const path of pathsIn(folder, "opening").reverse()) {
    if (path !== "" && !path.startsWith(OWN_PREFIX) && !state.has(path)) {
      rmSync(absolute(path), { recursive: true });
    }
  }
  for (const [path, entry] of state) writeEntry(absolute(path), entry, path);
  for (const [path, entry] of state) {
    if (entry.kind === "hardlink") linkSync(absolute(entry.of), absolute(path));
  }
  for (const [path, entry] of [...state].reverse()) {
    if (entry.kind === "hardlink") continue;
    if (entry.kind !== "symlink") chmodSync(absolute(path), entry.mode);
    lutimesSync(absolute(path), entry.mtime, entry.mtime);
  }
}

/** Removes a folder, also one with folders in it that may not be written; absent is fine. */
export function removeFolder(folder: string): void {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
  pathsIn(folder, "opening");
  rmSync(folder, { recursive: true, force: true });
}

function writeEntry(path: Buffer, entry: EntryState, name: string): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  const isAsWanted =
    (entry.kind === "directory" && there?.isDirectory() === true) ||
    (entry.kind === "file" && there?.isFile() === true && there.nlink === 1);
  if (there !== undefined && !isAsWanted) rmSync(path, { recursive: true });
  if (entry.kind === "directory" && !isAsWanted) mkdirSync(path);
  if (entry.kind === "symlink") symlinkSync(entry.target, path);
  if (entry.kind !== "file") return;
  if (isAsWanted && readFileSync(path).equals(entry.content)) return;
  const inPlace = name.length % 2 === 0;
  const target = inPlace ? path : Buffer.concat([path, Buffer.from(".new")]);
  if (isAsWanted && inPlace) chmodSync(path, 0o600);
  writeSparse(target, entry.content);
  if (!inPlace) renameSync(target, path);
}

/** Leaves a hole where a long run of zeros begins the content. */
function writeSparse(path: Buffer, content: Buffer): void {
  if (content.length < HOLE_BYTES || content.subarray(0, HOLE_BYTES).compare(HOLE) !== 0) {
    return writeFileSync(path, content);
  }
  const data = HOLE_BYTES;
  writeFileSync(path, "");
  truncateSync(path, data);
  writeFileSync(path, content.subarray(data), { flag: "a" });
}

/** Everything that a restore must bring back, one line for each entry. */
export function describeState(state: FolderState): string {
  const lines = [...state].map(([path, entry]) => {
    if (entry.kind !== "hardlink") return lineOf(path, entry, path);
    const first = state.get(entry.of);
    const named = [path, entry.of].sort()[0] ?? path;
    return first?.kind === "file" ? lineOf(path, first, named) : `${path} is a link to nothing`;
  });
  // The name that sorts first stands for a file that has several.
  for (const entry of state.values()) {
    if (entry.kind !== "hardlink") continue;
    const file = state.get(entry.of);
    const index = [...state.keys()].indexOf(entry.of);
    const other = [...state].find(([, one]) => one === entry)?.[0] ?? "";
    if (file?.kind === "file") lines[index] = lineOf(entry.of, file, [other, entry.of].sort()[0] ?? "");
  }
  return lines.sort().join("\n");
}

function lineOf(path: string, entry: Exclude<EntryState, { kind: "hardlink" }>, firstName: string): string {
  const time = BigInt(Math.round(entry.mtime * 64)) * 15_625n;
  const common = `${JSON.stringify(path)} ${entry.kind} ${time}`;
  if (entry.kind === "symlink") return `${common} -> ${entry.target}`;
  const mode = entry.mode.toString(8);
  if (entry.kind === "directory") return `${common} ${mode}`;
  return `${common} ${mode} ${entry.content.length} ${digest(entry.content)} ${JSON.stringify(firstName)}`;
}

/** What a folder holds, in the words of `describeState`; "absent" when there is none. */
export function describeFolder(folder: string): string {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return "absent";
  const firstNames = new Map<bigint, string>();
  const lines = pathsIn(folder)
    .filter((path) => !path.startsWith(OWN_PREFIX))
    .sort()
    .map((path) => {
      const absolute = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")]);
      const status = lstatSync(path === "" ? folder : absolute, { bigint: true });
      const mtime = Number(status.mtimeNs / 1000n) / 1e6;
      if (status.isSymbolicLink()) {
        return lineOf(path, { kind: "symlink", target: readlinkSync(absolute, "latin1"), mtime }, path);
      }
      const mode = Number(status.mode) & 0o7777;
      if (status.isDirectory()) return lineOf(path, { kind: "directory", mode, mtime }, path);
      const first = firstNames.get(status.ino) ?? path;
      firstNames.set(status.ino, first);
      return lineOf(path, { kind: "file", content: readFileSync(absolute), mode, mtime }, first);
    });
  return lines.sort().join("\n");
}

/** Every path in a folder, the folder itself first, parents before their children. May open folders for writing on the way. */
function pathsIn(folder: string, how: "looking" | "opening" = "looking"): string[] {
  const paths = [""];
  const visit = (path: string): void => {
    const absolute = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, "latin1")]);
    if (how === "opening") chmodSync(absolute, 0o755);
    for (const entry of readdirSync(absolute, { withFileTypes: true, encoding: "buffer" })) {
      const name = entry.name.toString("latin1");
      const below = path === "" ? name : `${path}/${name}`;
      paths.push(below);
      if (entry.isDirectory()) visit(below);
    }
  };
  visit("");
  return paths;
}

function digest(content: Buffer): string {
  return createHash("sha1").update(content).digest("hex");
}

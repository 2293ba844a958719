import fs, { type FileHandle } from "node:fs/promises";

// Every way in which the engine can change a disk goes through an object of node:fs/promises or a handle that it opened.
// Here all of these are known, as changing something or as harmless; one that is neither is refused, so that a later
// Node.js or engine cannot write past the harness.

/** One call that changes a disk, or makes a change durable. */
export interface DiskOperation {
  readonly name: string;
  /** With `handle.` before the name, the path by which the handle was opened. */
  readonly openedAs: string | undefined;
  readonly handle: FileHandle | undefined;
  readonly args: readonly unknown[];
}

/** Is given every operation instead of the system; runs it, or does not. */
export type Around = (operation: DiskOperation, run: () => Promise<unknown>) => Promise<unknown>;

const CHANGING = new Set(
  "appendFile chmod chown copyFile cp lchmod lchown link lutimes mkdir mkdtemp mkdtempDisposable open rename rm rmdir symlink truncate unlink utimes writeFile".split(
    " ",
  ),
);
const HARMLESS = new Set(
  "access constants glob lstat opendir readFile readdir readlink realpath stat statfs watch".split(" "),
);
const CHANGING_HANDLE = new Set(
  "appendFile chmod chown datasync sync truncate utimes write writeFile writev".split(" "),
);
const HARMLESS_HANDLE = new Set("close read readFile readv stat constructor getAsyncId fd".split(" "));

type AnyFunction = (...args: unknown[]) => unknown;
type Functions = Record<string, AnyFunction>;

/** Puts `around` about every operation of this process. The value takes it back. */
export async function watchDisk(around: Around): Promise<() => void> {
  const openedAs = new WeakMap<FileHandle, string>();
  const functions = fs as unknown as Functions;
  const undo: (() => void)[] = [];
  const replace = (target: Functions, name: string, by: (original: AnyFunction) => AnyFunction): void => {
    const descriptor = Object.getOwnPropertyDescriptor(target, name);
    const original = target[name];
    if (descriptor === undefined || typeof original !== "function") return;
    Object.defineProperty(target, name, { ...descriptor, value: by(original) });
    undo.push(() => Object.defineProperty(target, name, descriptor));
  };
  const probe = await fs.open("/dev/null");
  const handles = Object.getPrototypeOf(probe) as Functions;
  await probe.close();
  for (const name of Object.keys(functions)) {
    if (HARMLESS.has(name)) continue;
    replace(functions, name, (original) =>
      name === "open" ? watchOpen(original, around, openedAs) : watchCall(name, original, around),
    );
  }
  for (const name of Object.getOwnPropertyNames(handles)) {
    if (!HARMLESS_HANDLE.has(name)) {
      replace(handles, name, (original) => watchHandle(name, original, around, openedAs));
    }
  }
  return () => undo.forEach((step) => step());
}

function watchCall(name: string, original: AnyFunction, around: Around): AnyFunction {
  return (...args) => {
    if (!CHANGING.has(name)) throw new Error(`fs.${name} is not known to the kill-anywhere harness.`);
    const operation = { name, args, openedAs: undefined, handle: undefined };
    return around(operation, async () => original(...args));
  };
}

function watchOpen(
  original: AnyFunction,
  around: Around,
  openedAs: WeakMap<FileHandle, string>,
): AnyFunction {
  return async (...args) => {
    const open = async (): Promise<FileHandle> => {
      const handle = (await original(...args)) as FileHandle;
      openedAs.set(handle, pathText(args[0]));
      return handle;
    };
    if (!mayCreate(args[1])) return open();
    return around({ name: "open", args, openedAs: undefined, handle: undefined }, open);
  };
}

function watchHandle(
  name: string,
  original: AnyFunction,
  around: Around,
  openedAs: WeakMap<FileHandle, string>,
): AnyFunction {
  return function (this: unknown, ...args) {
    if (!CHANGING_HANDLE.has(name)) {
      throw new Error(`FileHandle.${name} is not known to the kill-anywhere harness.`);
    }
    const handle = this as FileHandle;
    const operation = { name: `handle.${name}`, args, openedAs: openedAs.get(handle), handle };
    return around(operation, async () => original.apply(handle, args));
  };
}

/** Whether opening with these flags can change anything: reading cannot. */
function mayCreate(flags: unknown): boolean {
  if (flags === undefined || flags === "r") return false;
  if (typeof flags !== "number") return true;
  return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR | fs.constants.O_CREAT)) !== 0;
}

/** A path as text of which each character is a byte. */
export function pathText(path: unknown): string {
  return (Buffer.isBuffer(path) ? path : Buffer.from(String(path))).toString("latin1");
}

/**
 * Runs operations one at a time, in an order that a seed decides wherever several are waiting: the same operations in the
 * same order on every run, and many orders over many seeds.
 */
export function oneAtATime<Operation>(
  next: () => number,
  around: (operation: Operation, run: () => Promise<unknown>) => Promise<unknown>,
): (operation: Operation, run: () => Promise<unknown>) => Promise<unknown> {
  const waiting: (() => Promise<void>)[] = [];
  let running = false;
  const pump = async (): Promise<void> => {
    if (running) return;
    running = true;
    // Whatever becomes ready in this turn of the event loop is a candidate.
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const [chosen] = waiting.splice(Math.floor(next() * waiting.length), 1);
      if (chosen === undefined) break;
      await chosen();
    }
    running = false;
  };
  return (operation, run) =>
    new Promise((resolve, reject) => {
      waiting.push(() => around(operation, run).then(resolve, reject));
      void pump();
    });
}

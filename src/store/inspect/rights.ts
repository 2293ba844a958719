import { SpotproofError } from "../../base/index.ts";
import type { CallOptions, Store, StoreKey } from "../store.ts";
import { INSPECTION_PREFIX, type ProbeArea, shortReason } from "./probe-area.ts";
import type { Finding } from "./report.ts";

/** What a job needs to be allowed, and what grants it, for people. */
const RIGHTS = {
  create: "a folder: write; S3: s3:PutObject; DynamoDB: dynamodb:PutItem; SQL: INSERT",
  read: "a folder: read; S3: s3:GetObject; DynamoDB: dynamodb:GetItem; SQL: SELECT",
  rangeRead: "the same as for read",
  list: "a folder: read and search; S3: s3:ListBucket; DynamoDB: dynamodb:Query; SQL: SELECT",
  listFolders: "the same as for list",
  replace: "a folder: write; S3: s3:PutObject; DynamoDB: dynamodb:PutItem; SQL: UPDATE",
  remove: "a folder: write; S3: s3:DeleteObject; DynamoDB: dynamodb:DeleteItem; SQL: DELETE",
} as const;

/** The name of one right. */
export type Right = keyof typeof RIGHTS;

const IN_WORDS: Readonly<Record<Right, string>> = {
  create: "create",
  read: "read",
  rangeRead: "read a part",
  list: "list",
  listFolders: "list folders",
  replace: "replace",
  remove: "remove",
};

/** `wrong`: the call was answered, but not with what is there. `failed`: for another reason than a missing right. */
type RightState = "granted" | "missing" | "failed" | "wrong";

/** What came of trying all rights. */
export interface RightsFinding extends Finding {
  readonly granted: ReadonlySet<Right>;
}

interface Tried {
  readonly right: Right;
  readonly state: RightState;
  /** What went wrong. */
  readonly problem: string | undefined;
}

const BYTES = Buffer.from("0123456789");
const OTHER_BYTES = Buffer.from("abcdefghij");

/** Tries each right for real, whatever became of the others. */
export async function checkRights(
  store: Store,
  area: ProbeArea,
  signal: AbortSignal,
): Promise<RightsFinding> {
  const options = { signal };
  const key = area.key("rights");
  const tried: Tried[] = [];
  const attempt = async (right: Right, call: () => Promise<string | undefined>): Promise<void> => {
    tried.push(await tryRight(right, call, signal));
  };
  await attempt("create", () => create(store, key, options));
  // When creating is not allowed, replacing may be: then there is something to read all the same. Both are tried, and told.
  if (tried[0]?.state !== "granted") await store.replace(key, [BYTES], options).catch(() => undefined);
  signal.throwIfAborted();
  // Only asks whether there is something; what a failed read means is told by its own try.
  const content = await store.read(key, options).catch(() => undefined);
  const isThere = content !== undefined || tried[0]?.state === "granted";
  await attempt("read", () => read(store, key, isThere, options));
  await attempt("rangeRead", () => readPart(store, key, isThere, options));
  await attempt("list", () => list(store, key, isThere, options));
  await attempt("listFolders", () => listFolders(store, isThere, options));
  await attempt("replace", () => replace(store, key, tried, options));
  await attempt("remove", () => remove(store, area, key, options));
  return describe(tried);
}

async function tryRight(
  right: Right,
  call: () => Promise<string | undefined>,
  signal: AbortSignal,
): Promise<Tried> {
  try {
    const problem = await call();
    return { right, state: problem === undefined ? "granted" : "wrong", problem };
  } catch (error) {
    signal.throwIfAborted();
    return { right, state: meansNoRight(error) ? "missing" : "failed", problem: shortReason(error) };
  }
}

async function create(store: Store, key: StoreKey, options: CallOptions): Promise<string | undefined> {
  const answer = await store.create(key, [BYTES], options);
  return answer === "created" ? undefined : "a fresh key was said to exist";
}

async function read(
  store: Store,
  key: StoreKey,
  isThere: boolean,
  options: CallOptions,
): Promise<string | undefined> {
  const seen = await store.read(key, options);
  return same(seen, isThere ? BYTES : undefined) ? undefined : "other bytes were read than were written";
}

async function readPart(
  store: Store,
  key: StoreKey,
  isThere: boolean,
  options: CallOptions,
): Promise<string | undefined> {
  const seen = await store.read(key, { ...options, range: { offset: 3, length: 4 } });
  return same(seen, isThere ? BYTES.subarray(3, 7) : undefined) ? undefined : "another part was read";
}

async function list(
  store: Store,
  key: StoreKey,
  isThere: boolean,
  options: CallOptions,
): Promise<string | undefined> {
  const object = (await store.list(INSPECTION_PREFIX, options)).find((one) => one.key === key);
  if (!isThere) return undefined;
  if (object === undefined) return "an object that is there was not listed";
  return object.sizeBytes === BYTES.length ? undefined : "an object was listed with another size";
}

async function listFolders(
  store: Store,
  isThere: boolean,
  options: CallOptions,
): Promise<string | undefined> {
  const folders = await store.listFolders("", options);
  const isListed = folders.includes(INSPECTION_PREFIX.slice(0, -1));
  return isListed || !isThere ? undefined : "a folder with an object in it was not listed";
}

async function replace(
  store: Store,
  key: StoreKey,
  tried: readonly Tried[],
  options: CallOptions,
): Promise<string | undefined> {
  await store.replace(key, [OTHER_BYTES], options);
  if (tried.find(({ right }) => right === "read")?.state !== "granted") return undefined;
  const seen = await store.read(key, options);
  return same(seen, OTHER_BYTES) ? undefined : "after a replace, something else was read than was written";
}

async function remove(
  store: Store,
  area: ProbeArea,
  key: StoreKey,
  options: CallOptions,
): Promise<string | undefined> {
  await area.remove(store, key, options);
  // Where nothing may be read, the answer has to do.
  const seen = await store.read(key, options).catch(() => undefined);
  return seen === undefined ? undefined : "what was removed could still be read";
}

function same(seen: Buffer | undefined, expected: Buffer | undefined): boolean {
  if (seen === undefined || expected === undefined) return seen === expected;
  return seen.equals(expected);
}

function describe(tried: readonly Tried[]): RightsFinding {
  const of = (state: RightState): readonly Tried[] => tried.filter((one) => one.state === state);
  const words = (some: readonly Tried[]): string => some.map(({ right }) => IN_WORDS[right]).join(", ");
  const granted = of("granted");
  const missing = of("missing");
  const seen = [
    ...(granted.length > 0 ? [`Allowed: ${words(granted)}.`] : []),
    ...(missing.length > 0 ? [`NOT allowed: ${words(missing)}.`] : []),
    ...tried
      .filter(({ problem }) => problem !== undefined)
      .map(({ right, problem }) => `${IN_WORDS[right]}: ${problem}`),
  ];
  const isGood = granted.length === tried.length;
  return {
    verdict: isGood ? "good" : "bad",
    seen,
    advice: isGood ? null : adviceFor(missing),
    facts: Object.fromEntries(tried.map(({ right, state }) => [right, state])),
    granted: new Set(granted.map(({ right }) => right)),
  };
}

function adviceFor(missing: readonly Tried[]): string {
  if (missing.length === 0) return "Look at the reasons; when the store was only away, try again.";
  const grants = missing.map(({ right }) => `${IN_WORDS[right]} (${RIGHTS[right]})`);
  return `Give whoever runs the job the right to ${grants.join("; ")}.`;
}

const FORBIDDEN_CODES: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EROFS", "42501"]);
const FORBIDDEN_NAMES = /^(AccessDenied|AccessDeniedException|Forbidden|AllAccessDisabled)$/;

/** Whether an error, or one underneath it, says that the call is not allowed. */
export function meansNoRight(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof SpotproofError && error.code === "store-not-writable") return true;
  const { code } = error as { readonly code?: unknown };
  if (typeof code === "string" && FORBIDDEN_CODES.has(code)) return true;
  return FORBIDDEN_NAMES.test(error.name) || meansNoRight(error.cause);
}

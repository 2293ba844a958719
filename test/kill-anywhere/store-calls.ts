import type { Store, StoreBytes, StoreKey } from "../../src/store/index.ts";

// The calls of a store one by one: what a process that dies beside one of them was doing, and one that arrives late.

/** One call. `bytes` are there when it writes some. */
export interface StoreCall {
  readonly kind: keyof Omit<Store, "description">;
  readonly key: string;
  readonly bytes?: StoreBytes | undefined;
}

/** A call that changes something, as it can stand in a journal. */
export interface WrittenCall {
  readonly kind: "create" | "replace" | "remove";
  readonly key: StoreKey;
  readonly base64: string;
}

/** Is given every call; makes it, or does not. */
export type AroundCall = (call: StoreCall, run: () => Promise<unknown>) => Promise<unknown>;

/** The store, each of whose calls goes through `around`. */
export function watchCalls(store: Store, around: AroundCall): Store {
  // What comes out is what `run` gave.
  const through = <Result>(call: StoreCall, run: () => Promise<Result>): Promise<Result> =>
    around(call, run) as Promise<Result>;
  return {
    description: store.description,
    create: (key, bytes, options) =>
      through({ kind: "create", key, bytes }, () => store.create(key, bytes, options)),
    replace: (key, bytes, options) =>
      through({ kind: "replace", key, bytes }, () => store.replace(key, bytes, options)),
    read: (key, options) => through({ kind: "read", key }, () => store.read(key, options)),
    list: (key, options) => through({ kind: "list", key }, () => store.list(key, options)),
    listFolders: (key, options) =>
      through({ kind: "listFolders", key }, () => store.listFolders(key, options)),
    remove: (key, options) => through({ kind: "remove", key }, () => store.remove(key, options)),
  };
}

/** The call for a journal; undefined for one that changes nothing. */
export function asWritten({ kind, key, bytes = [] }: StoreCall): WrittenCall | undefined {
  if (kind !== "create" && kind !== "replace" && kind !== "remove") return undefined;
  return { kind, key, base64: Buffer.concat([...bytes]).toString("base64") };
}

/** Makes the call of a process that is dead by now. Nobody hears of its answer. */
export async function carryOut(store: Store, { kind, key, base64 }: WrittenCall): Promise<void> {
  const bytes = [Buffer.from(base64, "base64")];
  if (kind === "create") await store.create(key, bytes);
  else if (kind === "replace") await store.replace(key, bytes);
  else await store.remove(key);
}

/** A call that arrives before the call of the living with this number. */
export interface LateCall {
  readonly beforeCall: number;
  readonly written: WrittenCall;
}

/** A store in which a call of a dead process arrives between two of a living one. */
export function withLateCall(
  store: Store,
  late: LateCall | undefined,
): { readonly store: Store; arriveNow(): void } {
  if (late === undefined) return { store, arriveNow: () => undefined };
  let calls = 0;
  let due = late.beforeCall;
  const around: AroundCall = async (_, run) => {
    calls += 1;
    if (calls >= due) {
      due = Number.POSITIVE_INFINITY;
      await carryOut(store, late.written);
    }
    return run();
  };
  return {
    store: watchCalls(store, around),
    /** Before the next call, unless it has arrived. */
    arriveNow: () => {
      if (due !== Number.POSITIVE_INFINITY) due = 0;
    },
  };
}

import { lengthOf } from "../bytes-length.ts";
import { isPackKey } from "../keys.ts";
import type { Store } from "../store.ts";

// What every wrapper does: something around each of the six calls, whichever it is.

/** One call of a store, before it is made. */
export interface StoreCall {
  readonly kind: "create" | "replace" | "read" | "list" | "listFolders" | "remove";
  /** The key; of a listing the prefix. */
  readonly key: string;
  /** Bytes to write; 0 for a call that writes none. */
  readonly writtenBytes: number;
  /** Of a read of a range: how many bytes at most. Undefined when nobody knows before the answer. */
  readonly readBytes: number | undefined;
  /** Ends the call early. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes the call, under another signal than the caller's where a wrapper has one. A repetition does not use the buffer
 * that was lent for a read: the try before may still write into it.
 */
export type MakeCall<Result> = (signal: AbortSignal | undefined, repetition?: number) => Promise<Result>;

/** What a wrapper does around a call; gives what the caller is told. */
export type AroundCall = <Result>(call: StoreCall, make: MakeCall<Result>) => Promise<Result>;

/** A store each of whose calls goes through `around`. */
export function aroundEachCall(store: Store, around: AroundCall): Store {
  const call = (kind: StoreCall["kind"], key: string, given: Partial<StoreCall> | undefined): StoreCall => ({
    kind,
    key,
    writtenBytes: given?.writtenBytes ?? 0,
    readBytes: given?.readBytes,
    signal: given?.signal,
  });
  const createAndLook = store.createAndLook?.bind(store);
  const removeAll = store.removeAll?.bind(store);
  return {
    description: store.description,
    create: (key, bytes, options) =>
      around(call("create", key, { ...options, writtenBytes: lengthOf(bytes) }), (signal) =>
        store.create(key, bytes, { signal }),
      ),
    ...(createAndLook === undefined
      ? {}
      : {
          createAndLook: (key, bytes, absent, options) =>
            around(call("create", key, { ...options, writtenBytes: lengthOf(bytes) }), (signal) =>
              createAndLook(key, bytes, absent, { signal }),
            ),
        }),
    replace: (key, bytes, options) =>
      around(call("replace", key, { ...options, writtenBytes: lengthOf(bytes) }), (signal) =>
        store.replace(key, bytes, { signal }),
      ),
    read: (key, options) =>
      around(
        call("read", key, { signal: options?.signal, readBytes: options?.range?.length }),
        (signal, repetition = 0) =>
          store.read(key, { ...options, signal, into: repetition === 0 ? options?.into : undefined }),
      ),
    list: (prefix, options) =>
      around(call("list", prefix, options), (signal) => store.list(prefix, { signal })),
    listFolders: (prefix, options) =>
      around(call("listFolders", prefix, options), (signal) => store.listFolders(prefix, { signal })),
    remove: (key, options) => around(call("remove", key, options), (signal) => store.remove(key, { signal })),
    ...(removeAll === undefined
      ? {}
      : {
          removeAll: (keys, options) =>
            around(call("remove", `${keys[0] ?? "nothing"}, …`, options), (signal) =>
              removeAll(keys, { signal }),
            ),
        }),
  };
}

/** How a call is called in messages. */
export function nameOfCall({ kind, key }: StoreCall): string {
  return `${kind === "listFolders" ? "list" : kind} ${key}`;
}

/** Up to so many bytes a call is a word of the job protocol (claim, heartbeat, outcome, manifest), not data. */
const SMALL_BYTES = 64 * 1024;

/** Whether a call moves data. What the protocol says is small, and must never wait behind data. */
export function movesData({ kind, key, writtenBytes, readBytes }: StoreCall): boolean {
  if (kind === "read" && readBytes === undefined) return isPackKey(key);
  return writtenBytes > SMALL_BYTES || (readBytes ?? 0) > SMALL_BYTES;
}

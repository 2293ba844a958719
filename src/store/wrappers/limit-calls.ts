import { type Clock, SpotproofError, withTimeLimit } from "../../base/index.ts";
import type { CallOptions, Store } from "../store.ts";

/**
 * A store whose calls take at most `limitMs`; a longer one rejects with `store-unreachable`. A write that was given up so
 * may still happen, as with every lost answer. For network file systems that hang instead of failing (E2).
 */
export function limitCalls(store: Store, clock: Clock, limitMs: number): Store {
  const limited = <Result>(
    what: string,
    options: CallOptions | undefined,
    call: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> => {
    const reason = (): Error =>
      new SpotproofError(
        "store-unreachable",
        `${store.description}: no answer to "${what}" within ${limitMs / 1000} s.`,
      );
    return withTimeLimit({ clock, limitMs, reason, signal: options?.signal }, call);
  };
  return {
    description: store.description,
    create: (key, bytes, options) =>
      limited(`create ${key}`, options, (signal) => store.create(key, bytes, { signal })),
    replace: (key, bytes, options) =>
      limited(`replace ${key}`, options, (signal) => store.replace(key, bytes, { signal })),
    read: (key, options) =>
      limited(`read ${key}`, options, (signal) => store.read(key, { ...options, signal })),
    list: (prefix, options) => limited(`list ${prefix}`, options, (signal) => store.list(prefix, { signal })),
    listFolders: (prefix, options) =>
      limited(`list ${prefix}`, options, (signal) => store.listFolders(prefix, { signal })),
    remove: (key, options) => limited(`remove ${key}`, options, (signal) => store.remove(key, { signal })),
  };
}

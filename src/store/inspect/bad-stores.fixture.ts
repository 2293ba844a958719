import { SpotproofError } from "../../base/index.ts";
import type { Store, StoreBytes } from "../store.ts";

// Stores that break one promise each, for the tests of inspections.

/** The same store with some of its calls changed. */
export function changed(store: Store, changes: Partial<Store>): Store {
  return {
    description: store.description,
    create: (...args) => store.create(...args),
    replace: (...args) => store.replace(...args),
    read: (...args) => store.read(...args),
    list: (...args) => store.list(...args),
    listFolders: (...args) => store.listFolders(...args),
    remove: (...args) => store.remove(...args),
    ...changes,
  };
}

/** K16: a server that does not know conditions. Every create is told "created" and replaces what was there. */
export const withoutConditions = (store: Store): Store =>
  changed(store, {
    create: async (key, bytes, options) => {
      await store.replace(key, bytes, options);
      return "created";
    },
  });

/** Looks first and writes then: atomic only for who is alone. */
export const looksThenWrites = (store: Store): Store =>
  changed(store, {
    create: async (key, bytes, options) => {
      if ((await store.read(key, options)) !== undefined) return "exists";
      await new Promise((resolve) => setImmediate(resolve));
      await store.replace(key, bytes, options);
      return "created";
    },
  });

/** A listing that shows an object only when it was listed before. */
export function withLateListings(store: Store): Store {
  const known = new Set<string>();
  return changed(store, {
    list: async (prefix, options) => {
      const objects = await store.list(prefix, options);
      const shown = objects.filter(({ key }) => known.has(key));
      for (const { key } of objects) known.add(key);
      return shown;
    },
  });
}

/** A reader that once found nothing goes on to find nothing for a while. */
export function remembersAbsence(store: Store): Store {
  const absent = new Map<string, number>();
  return changed(store, {
    read: async (key, options) => {
      const left = absent.get(key) ?? 0;
      if (left > 0) {
        absent.set(key, left - 1);
        return undefined;
      }
      const seen = await store.read(key, options);
      if (seen === undefined) absent.set(key, 1);
      return seen;
    },
  });
}

type Call = "create" | "replace" | "read" | "list" | "listFolders" | "remove";

/** A store that does not allow some of its calls. */
export function withoutRights(store: Store, ...calls: readonly Call[]): Store {
  const refuse = (): Promise<never> =>
    Promise.reject(new SpotproofError("store-not-writable", "AccessDenied: not for you."));
  return changed(store, Object.fromEntries(calls.map((call) => [call, refuse])));
}

/** A store whose calls take their time on a clock that is moved by them. */
export function withSpeed(
  store: Store,
  clock: { advance(ms: number): void },
  { callMs, bytesPerSecond }: { readonly callMs: number; readonly bytesPerSecond: number },
): Store {
  const pass = (bytes: number): void => clock.advance(callMs + (bytes / bytesPerSecond) * 1000);
  const size = (bytes: StoreBytes): number => bytes.reduce((sum, piece) => sum + piece.length, 0);
  return changed(store, {
    create: async (key, bytes, options) => {
      pass(size(bytes));
      return store.create(key, bytes, options);
    },
    replace: async (key, bytes, options) => {
      pass(size(bytes));
      return store.replace(key, bytes, options);
    },
    read: async (key, options) => {
      const seen = await store.read(key, options);
      pass(seen?.length ?? 0);
      return seen;
    },
  });
}

/** Some calls are never answered, until their signal aborts. */
export function hanging(store: Store, ...calls: readonly Call[]): Store {
  const hang = (...args: readonly unknown[]): Promise<never> =>
    new Promise((_, reject) => {
      const options = args.at(-1) as { readonly signal?: AbortSignal } | undefined;
      const signal = options?.signal;
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  return changed(store, Object.fromEntries(calls.map((call) => [call, hang])));
}

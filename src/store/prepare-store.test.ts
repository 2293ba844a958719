import { describe, expect, test } from "vitest";
import { createMemoryStore } from "./memory/memory-store.ts";
import { prepareStore } from "./prepare-store.ts";
import { STORE_MARKER } from "./store-format.ts";
import { describeStoreContract } from "./store.contract.ts";
import type { Store } from "./store.ts";

describeStoreContract({
  name: "a prepared store",
  open: () => prepareStore(createMemoryStore(), { mode: "write" }),
});

/** A server that does not know conditions: every create is told "created" and replaces what was there. */
function withoutConditions(store: Store): Store {
  return {
    ...methodsOf(store),
    create: async (key, bytes, options) => {
      await store.replace(key, bytes, options);
      return "created";
    },
  };
}

const methodsOf = (store: Store): Store => ({
  description: store.description,
  create: (...args) => store.create(...args),
  replace: (...args) => store.replace(...args),
  read: (...args) => store.read(...args),
  list: (...args) => store.list(...args),
  listFolders: (...args) => store.listFolders(...args),
  remove: (...args) => store.remove(...args),
});

describe("opening a store", () => {
  test("leaves a marker and nothing else, which no listing shows", async () => {
    const raw = createMemoryStore();
    const store = await prepareStore(raw, { mode: "write" });
    expect((await raw.list("")).map(({ key }) => key)).toEqual([STORE_MARKER]);
    expect(await store.list("")).toEqual([]);
    await expect(store.read(STORE_MARKER)).rejects.toMatchObject({ code: "internal" });
  });

  test("for reading leaves nothing", async () => {
    const raw = createMemoryStore();
    await prepareStore(raw, { mode: "read" });
    expect(await raw.list("")).toEqual([]);
  });

  test("a second time makes no race: one read and one write that is refused", async () => {
    const raw = createMemoryStore();
    await prepareStore(raw, { mode: "write" });
    const calls: string[] = [];
    const watched: Store = {
      ...methodsOf(raw),
      create: (key, ...rest) => {
        calls.push(`create ${key}`);
        return raw.create(key, ...rest);
      },
      read: (key, ...rest) => {
        calls.push(`read ${key}`);
        return raw.read(key, ...rest);
      },
    };
    await prepareStore(watched, { mode: "write" });
    expect(calls).toEqual([`read ${STORE_MARKER}`, `create ${STORE_MARKER}`]);
  });

  test("K16: a server that ignores conditions is refused, new or known, and left as it was", async () => {
    const raw = createMemoryStore();
    const refusal = {
      code: "store-unsuitable",
      message: expect.stringMatching(/Two machines could own/) as string,
    };
    await expect(prepareStore(withoutConditions(raw), { mode: "write" })).rejects.toMatchObject(refusal);
    expect(await raw.list("")).toEqual([]);
    await prepareStore(raw, { mode: "write" });
    await expect(prepareStore(withoutConditions(raw), { mode: "write" })).rejects.toMatchObject(refusal);
    await expect(prepareStore(raw, { mode: "write" })).resolves.toBeDefined();
  });

  test("of a newer layout is refused", async () => {
    const raw = createMemoryStore();
    await raw.create(STORE_MARKER, [Buffer.from('{"format":99}')]);
    await expect(prepareStore(raw, { mode: "read" })).rejects.toMatchObject({ code: "store-newer" });
    await expect(prepareStore(raw, { mode: "write" })).rejects.toMatchObject({ code: "store-newer" });
  });

  test("with a marker that is something else is refused", async () => {
    const raw = createMemoryStore();
    await raw.create(STORE_MARKER, [Buffer.from("hello")]);
    await expect(prepareStore(raw, { mode: "write" })).rejects.toMatchObject({ code: "record-damaged" });
  });
});

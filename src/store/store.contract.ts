import { describe, expect, test } from "vitest";
import type { Store } from "./store.ts";

/** What the suite needs to know of an implementation. */
export interface StoreContract {
  readonly name: string;
  /** Opens an empty store that is gone when the test ends. */
  readonly open: () => Promise<Store>;
}

const text = (value: string): readonly Uint8Array[] => [Buffer.from(value)];
const MIB = 1024 * 1024;

/** The promises of `Store`, tested. Every implementation runs it. */
export function describeStoreContract(contract: StoreContract): void {
  describe(`${contract.name} keeps the promises of a store:`, () => {
    describeCreate(contract);
    describeReplaceAndRead(contract);
    describeLists(contract);
    describeRemoval(contract);
    describeRefusals(contract);
  });
}

function describeCreate({ open }: StoreContract): void {
  test("what was created is read back", async () => {
    const store = await open();
    expect(await store.create("a/b/c.json", text("hello"))).toBe("created");
    expect((await store.read("a/b/c.json"))?.toString()).toBe("hello");
  });

  test("K19: a key that is taken is left as it is", async () => {
    const store = await open();
    await store.create("a/b", text("first"));
    expect(await store.create("a/b", text("second"))).toBe("exists");
    expect((await store.read("a/b"))?.toString()).toBe("first");
  });

  test.each([2, 8, 32])(
    "K19: of %i racing creators exactly one is told that it created the object",
    async (n) => {
      const store = await open();
      for (let round = 0; round < 8; round += 1) {
        const key = `races/${round}/claim.json`;
        const creators = Array.from({ length: n }, (_, i) => `creator ${i}`);
        const results = await Promise.all(creators.map((name) => store.create(key, text(name))));
        expect(results.filter((result) => result === "created")).toHaveLength(1);
        expect((await store.read(key))?.toString()).toBe(creators[results.indexOf("created")]);
      }
    },
  );

  test.each([0, 1, 8 * MIB])("%i bytes come back as they were", async (size) => {
    const store = await open();
    const bytes = Buffer.alloc(size, "spotproof");
    await store.create("sizes/one", [bytes]);
    expect(await store.list("sizes/")).toEqual([{ key: "sizes/one", sizeBytes: size }]);
    expect((await store.read("sizes/one"))?.equals(bytes)).toBe(true);
  });

  test("many pieces are joined in their order, empty ones included", async () => {
    const store = await open();
    const pieces = Array.from({ length: 3000 }, (_, i) => Buffer.from(i % 7 === 0 ? "" : `${i},`));
    await store.create("pieces", pieces);
    expect((await store.read("pieces"))?.equals(Buffer.concat(pieces))).toBe(true);
  });
}

function describeReplaceAndRead({ open }: StoreContract): void {
  test("an absent object reads as undefined", async () => {
    const store = await open();
    expect(await store.read("nothing")).toBeUndefined();
    expect(await store.read("no/folder/either")).toBeUndefined();
  });

  test("replace writes an object whether or not there was one", async () => {
    const store = await open();
    await store.replace("h/heartbeat.json", text("one"));
    await store.replace("h/heartbeat.json", text("two"));
    expect((await store.read("h/heartbeat.json"))?.toString()).toBe("two");
  });

  test("C01: a reader sees the whole of an object or none of it while it is written and replaced", async () => {
    const store = await open();
    const contents = ["a", "b"].map((letter) => Buffer.alloc(MIB, letter));
    const state = { writing: true };
    const writer = (async () => {
      for (let i = 0; i < 40; i += 1) await store.replace("r/x", [contents[i % 2] ?? Buffer.alloc(0)]);
      state.writing = false;
    })();
    while (state.writing) {
      const seen = await store.read("r/x");
      if (seen !== undefined) expect(contents.some((content) => content.equals(seen))).toBe(true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writer;
  });

  test("a range gives that part, cut off where the object ends", async () => {
    const store = await open();
    await store.create("r", text("0123456789"));
    const part = async (offset: number, length: number): Promise<string | undefined> =>
      (await store.read("r", { range: { offset, length } }))?.toString();
    expect(await part(0, 3)).toBe("012");
    expect(await part(4, 2)).toBe("45");
    expect(await part(8, 100)).toBe("89");
    expect(await part(10, 5)).toBe("");
    expect(await part(50, 5)).toBe("");
    expect(await part(3, 0)).toBe("");
    expect(await store.read("absent", { range: { offset: 0, length: 1 } })).toBeUndefined();
  });

  test("remove removes, and is harmless when there is nothing", async () => {
    const store = await open();
    await store.create("d/x", text("x"));
    await store.remove("d/x");
    await store.remove("d/x");
    await store.remove("never/was");
    expect(await store.read("d/x")).toBeUndefined();
    expect(await store.create("d/x", text("again"))).toBe("created");
  });

  test("what the caller does to its bytes afterwards does not reach the store", async () => {
    const store = await open();
    const bytes = Buffer.from("before");
    await store.create("copy", [bytes]);
    bytes.fill("x");
    const read = await store.read("copy");
    read?.fill("y");
    expect((await store.read("copy"))?.toString()).toBe("before");
  });
}

function describeRemoval({ open }: StoreContract): void {
  test("many that are removed at once are gone, and only they; absent ones do no harm", async () => {
    const store = await open();
    const keys = Array.from({ length: 70 }, (_, i) => `many/${i % 3}/${i}`);
    await Promise.all(keys.map((key) => store.create(key, text(key))));
    const [kept = "", ...removed] = keys;
    if (store.removeAll === undefined) await Promise.all(removed.map((key) => store.remove(key)));
    else await store.removeAll([...removed, "many/none", "nowhere/none"]);
    expect((await store.list("many/")).map(({ key }) => key)).toEqual([kept]);
  });
}

function describeLists({ open }: StoreContract): void {
  const keys = ["a/b/1", "a/b/2", "a/b-c/1", "a/c", "b/x", "z"];

  test("list gives every object below a prefix, ascending by key", async () => {
    const store = await open();
    for (const key of [...keys].reverse()) await store.create(key, text(key));
    const listed = async (prefix: string): Promise<readonly string[]> =>
      (await store.list(prefix)).map((object) => object.key);
    expect(await listed("")).toEqual([...keys].sort());
    expect(await listed("a/")).toEqual(["a/b-c/1", "a/b/1", "a/b/2", "a/c"]);
    expect(await listed("a/b/")).toEqual(["a/b/1", "a/b/2"]);
    expect(await listed("nothing/")).toEqual([]);
  });

  test("listFolders gives the next segments that have something below them, ascending", async () => {
    const store = await open();
    for (const key of keys) await store.create(key, text(key));
    expect(await store.listFolders("")).toEqual(["a", "b"]);
    expect(await store.listFolders("a/")).toEqual(["b", "b-c"]);
    expect(await store.listFolders("a/b/")).toEqual([]);
    expect(await store.listFolders("nothing/")).toEqual([]);
  });

  test("a listing that begins after a write has resolved sees that write", async () => {
    const store = await open();
    for (let i = 0; i < 50; i += 1) {
      await store.create(`l/${i % 5}/${i}`, text(""));
      expect(await store.list("l/")).toHaveLength(i + 1);
    }
  });
}

function describeRefusals({ open }: StoreContract): void {
  test.each(["", "/", "a//b", "/a", "a/", "../a", "a/../b", "a/.", "a b", "ä", "a\\b", "a\0b", "a\n"])(
    "%j is refused as a key, and nothing is written",
    async (key) => {
      const store = await open();
      await expect(store.create(key, text("x"))).rejects.toMatchObject({ code: "internal" });
      await expect(store.replace(key, text("x"))).rejects.toMatchObject({ code: "internal" });
      await expect(store.read(key)).rejects.toMatchObject({ code: "internal" });
      await expect(store.remove(key)).rejects.toMatchObject({ code: "internal" });
      expect(await store.list("")).toEqual([]);
    },
  );

  test("a prefix that does not end in a slash is refused", async () => {
    const store = await open();
    await expect(store.list("a")).rejects.toMatchObject({ code: "internal" });
    await expect(store.listFolders("a")).rejects.toMatchObject({ code: "internal" });
  });

  test("a signal that has aborted before ends every call with its reason, and nothing is written", async () => {
    const store = await open();
    const reason = new Error("enough");
    const signal = AbortSignal.abort(reason);
    await expect(store.create("s", text("x"), { signal })).rejects.toBe(reason);
    await expect(store.replace("s", text("x"), { signal })).rejects.toBe(reason);
    await expect(store.read("s", { signal })).rejects.toBe(reason);
    await expect(store.list("", { signal })).rejects.toBe(reason);
    await expect(store.listFolders("", { signal })).rejects.toBe(reason);
    await expect(store.remove("s", { signal })).rejects.toBe(reason);
    expect(await store.list("")).toEqual([]);
  });

  test("a signal that aborts during a write ends the call; the object is then whole or absent", async () => {
    const store = await open();
    const bytes = Buffer.alloc(8 * MIB, "x");
    for (let i = 0; i < 5; i += 1) {
      const controller = new AbortController();
      const call = store.create(`abort/${i}`, [bytes], { signal: controller.signal });
      setImmediate(() => controller.abort(new Error("enough")));
      await call.catch((error: unknown) => expect(error).toMatchObject({ message: "enough" }));
      const seen = await store.read(`abort/${i}`);
      if (seen !== undefined) expect(seen.length).toBe(bytes.length);
    }
  });
}

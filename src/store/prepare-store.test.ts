import { describe, expect, test } from "vitest";
import { withoutConditions } from "./inspect/bad-stores.fixture.ts";
import { createMemoryStore } from "./memory/memory-store.ts";
import { prepareStore } from "./prepare-store.ts";
import { STORE_MARKER } from "./store-format.ts";
import { describeStoreContract } from "./store.contract.ts";
import { aroundEachCall } from "./wrappers/each-call.ts";

describeStoreContract({
  name: "a prepared store",
  open: () => prepareStore(createMemoryStore(), { mode: "write" }),
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
    const watched = aroundEachCall(raw, (call, make) => {
      calls.push(`${call.kind} ${call.key}`);
      return make(call.signal);
    });
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

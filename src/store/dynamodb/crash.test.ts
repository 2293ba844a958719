import { describe, expect, test } from "vitest";
import type { Fault, SeenRequest } from "../../../test/stages/dynamodb-proxy.ts";
import { dynamoDbStage, hurriedClock } from "../../../test/stages/dynamodb-stage.ts";
import { until } from "../../../test/stages/manual-clock.ts";
import { type Moto, motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { type Clock, systemClock } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { PART_BYTES } from "./items.ts";

const HOUR_MS = 3_600_000;
const LARGE = PART_BYTES + 10_000;
const PARTS_OF_LARGE = 2;
const KEY = "jobs/j/packs/1";
const OLD = Buffer.alloc(LARGE, "old");
const NEW = Buffer.alloc(LARGE, "new");
const SMALL = Buffer.from("small");

/**
 * From the server's side a process that was killed is one from which nothing comes any more: request number `requests` takes
 * its effect, and then there is silence. (That it takes none is the same as the silence beginning one request earlier.)
 */
function deadAfter(requests: number): (seen: SeenRequest) => Fault | undefined {
  let count = 0;
  return () => {
    count += 1;
    if (count < requests) return undefined;
    return count === requests ? { kind: "lose-answer", by: "reset" } : { kind: "reset" };
  };
}

interface Crash {
  readonly before: Buffer | undefined;
  readonly after: Buffer | undefined;
  readonly write: (store: Store) => Promise<unknown>;
}

const partsOf = (value: Buffer | undefined): number =>
  value !== undefined && value.length >= LARGE ? PARTS_OF_LARGE : 0;

/** Cuts the write behind its request number `at`, and looks at what others see. False: the write made fewer requests. */
async function crashAt(moto: Moto, crash: Crash, at: number): Promise<boolean> {
  const stage = await dynamoDbStage(moto);
  const [victim, heir] = [await stage.open(), await stage.open({ mode: "read" })];
  if (crash.before !== undefined) await victim.store.create(KEY, [crash.before]);
  const requestsBefore = stage.proxy.operations.length;
  stage.proxy.fault = deadAfter(at);
  // Whether it was answered is of no interest here: a process that was killed tells nobody.
  await crash.write(victim.store).catch((error: unknown) => {
    expect(error).toMatchObject({ code: "store-unreachable" });
  });
  const wasCut = stage.proxy.operations.length - requestsBefore >= at;
  stage.proxy.fault = () => undefined;

  const seen = await heir.store.read(KEY);
  const allowed = wasCut ? [crash.before, crash.after] : [crash.after];
  expect(allowed.some((value) => value === seen || (seen !== undefined && value?.equals(seen)))).toBe(true);
  expect(await heir.sweep()).toBe(0);
  stage.proxy.dateOffsetMs += 25 * HOUR_MS;
  await heir.sweep();
  expect(await stage.uploads()).toEqual({ parts: partsOf(seen), records: 0 });
  // Not by `toEqual`, which looks at every byte of it for a second.
  const later = await heir.store.read(KEY);
  expect(later === seen || (seen !== undefined && later?.equals(seen))).toBe(true);
  await stage.close();
  return wasCut;
}

const crashes: readonly (readonly [string, Crash])[] = [
  ["create of a large object", { before: undefined, after: NEW, write: (store) => store.create(KEY, [NEW]) }],
  [
    "replace of a large object by a large one",
    { before: OLD, after: NEW, write: (store) => store.replace(KEY, [NEW]) },
  ],
  [
    "replace of a large object by a small one",
    { before: OLD, after: SMALL, write: (store) => store.replace(KEY, [SMALL]) },
  ],
  [
    "replace of a small object by a large one",
    { before: SMALL, after: NEW, write: (store) => store.replace(KEY, [NEW]) },
  ],
  ["removal of a large object", { before: OLD, after: undefined, write: (store) => store.remove(KEY) }],
];

describe.skipIf(motoMissing !== undefined)(
  `a writer that dies${motoMissing ? ` (${motoMissing})` : ""}`,
  () => {
    const moto = useMoto();

    test.each(crashes)(
      "C01: in a %s, at any request, leaves the object whole or absent, and a sweep leaves no parts",
      { timeout: 120_000 },
      async (_, crash) => {
        let at = 1;
        while (await crashAt(moto, crash, at)) at += 1;
        expect(at).toBeGreaterThan(5);
      },
    );

    test("C01: a sweep leaves an upload alone that is less than a day old, and it ends well", async () => {
      const stage = await dynamoDbStage(moto);
      const [writer, sweeper] = [await stage.open(), await stage.open()];
      const gate = gateOf();
      stage.proxy.fault = ({ operation }) =>
        operation === "TransactWriteItems" ? { kind: "wait", until: gate.promise } : undefined;
      const writing = writer.store.create(KEY, [NEW]);
      await until(() => stage.proxy.operations.includes("TransactWriteItems"));
      stage.proxy.dateOffsetMs = 23 * HOUR_MS;
      expect(await sweeper.sweep()).toBe(0);
      gate.resolve(undefined);
      expect(await writing).toBe("created");
      expect((await sweeper.store.read(KEY))?.equals(NEW)).toBe(true);
      expect(await stage.uploads()).toEqual({ parts: PARTS_OF_LARGE, records: 0 });
    });

    test("C01: a writer that stood still for more than a day is refused after a sweep, never given a head without its parts", async () => {
      const stage = await dynamoDbStage(moto);
      const [writer, sweeper] = [await stage.open(), await stage.open()];
      const gate = gateOf();
      let held = 0;
      stage.proxy.fault = ({ operation, body }) => {
        if (operation !== "PutItem" || !/#part#\w+#1"/.test(body)) return undefined;
        held += 1;
        return { kind: "wait", until: gate.promise };
      };
      const writing = writer.store.create(KEY, [NEW]);
      const refused = expect(writing).rejects.toMatchObject({ code: "store-unreachable" });
      await until(() => held > 0);
      stage.proxy.dateOffsetMs = 25 * HOUR_MS;
      expect(await sweeper.sweep()).toBe(1);
      gate.resolve(undefined);
      await refused;
      expect(await sweeper.store.read(KEY)).toBeUndefined();
      expect(await stage.uploads()).toEqual({ parts: 0, records: 0 });
      expect(await writer.store.create(KEY, [NEW])).toBe("created");
    });

    test("a sweep compares no clocks of machines: one that is two days ahead removes nothing that is new", async () => {
      const stage = await dynamoDbStage(moto);
      const ahead: Clock = { ...hurriedClock(), wallTime: () => systemClock.wallTime() + 48 * HOUR_MS };
      const [writer, sweeper] = [await stage.open(), await stage.open({ clock: ahead })];
      stage.proxy.fault = deadAfter(4);
      await expect(writer.store.create(KEY, [NEW])).rejects.toMatchObject({ code: "store-unreachable" });
      stage.proxy.fault = () => undefined;
      expect(await sweeper.sweep()).toBe(0);
      expect((await stage.uploads()).records).toBe(1);
    });
  },
);

describe.skipIf(motoMissing !== undefined)(`racing writers${motoMissing ? ` (${motoMissing})` : ""}`, () => {
  const moto = useMoto();
  const values = Array.from({ length: 8 }, (_, i) => Buffer.alloc(LARGE, `writer ${i} `));

  test("K19: of eight that create a large object one wins, its bytes are whole, and the losers leave no parts", async () => {
    const stage = await dynamoDbStage(moto);
    const stores = await Promise.all(values.map(() => stage.open()));
    const results = await Promise.all(stores.map(({ store }, i) => store.create(KEY, [values[i] as Buffer])));
    expect(results.filter((result) => result === "created")).toHaveLength(1);
    const there = await stores[0]?.store.read(KEY);
    expect(there?.equals(values[results.indexOf("created")] as Buffer)).toBe(true);
    expect(await stage.uploads()).toEqual({ parts: PARTS_OF_LARGE, records: 0 });
  });

  test("of eight that replace a large object one is the last, its bytes are whole, and the others leave no parts", async () => {
    const stage = await dynamoDbStage(moto);
    const stores = await Promise.all(values.map(() => stage.open()));
    await Promise.all(stores.map(({ store }, i) => store.replace(KEY, [values[i] as Buffer])));
    const there = await stores[0]?.store.read(KEY);
    expect(values.some((value) => there !== undefined && value.equals(there))).toBe(true);
    expect(await stage.uploads()).toEqual({ parts: PARTS_OF_LARGE, records: 0 });
  });

  test("of a small and a large replacement, and a removal, whatever is last is whole, and nothing else stays", async () => {
    const stage = await dynamoDbStage(moto);
    const stores = await Promise.all([1, 2, 3, 4].map(() => stage.open()));
    for (let round = 0; round < 5; round += 1) {
      await Promise.all([
        stores[0]?.store.replace(KEY, [NEW]),
        stores[1]?.store.replace(KEY, [SMALL]),
        stores[2]?.store.remove(KEY),
        stores[3]?.store.replace(KEY, [OLD]),
      ]);
      const there = await stores[0]?.store.read(KEY);
      expect([NEW, SMALL, OLD].some((value) => there === undefined || value.equals(there))).toBe(true);
      expect(await stage.uploads()).toEqual({ parts: partsOf(there), records: 0 });
    }
  });

  test("C01: a reader whose parts are replaced under its hands reads the new object, whole", async () => {
    const stage = await dynamoDbStage(moto);
    const [writer, reader] = [await stage.open(), await stage.open()];
    await writer.store.create(KEY, [OLD]);
    const gate = gateOf();
    let waiting = 0;
    stage.proxy.fault = ({ operation, body }) => {
      if (operation !== "GetItem" || !body.includes("#part#") || waiting > 0) return undefined;
      waiting += 1;
      return { kind: "wait", until: gate.promise };
    };
    const reading = reader.store.read(KEY);
    await until(() => waiting > 0);
    await writer.store.replace(KEY, [NEW]);
    gate.resolve(undefined);
    expect((await reading)?.equals(NEW)).toBe(true);
  });
});

function gateOf(): { readonly promise: Promise<unknown>; readonly resolve: (value: unknown) => void } {
  let resolve: (value: unknown) => void = () => undefined;
  const promise = new Promise<unknown>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

import { expect, test } from "vitest";
import { SpotproofError, systemClock } from "../../base/index.ts";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { forEach } from "./for-each.ts";
import { type CommitTrouble, FakeHost, type Shelf } from "./items-host.fixture.ts";
import type { ForEachOptions, ItemOutcome } from "./items.ts";
import { results } from "./results.ts";

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function outcomes<Result>(shelf: Shelf, name?: string): Promise<ItemOutcome<Result>[]> {
  const all: ItemOutcome<Result>[] = [];
  for await (const outcome of results<Result>(new FakeHost(systemClock, shelf), name)) all.push(outcome);
  return all;
}

const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

class Killed extends Error {}

/** A life that ends for good before or after its commit with this number: nothing of it happens any more. */
function killedAt(commit: number, when: "before" | "after"): CommitTrouble {
  return {
    [when]: (at: number) => {
      if (at === commit) throw new Killed();
    },
  };
}

test("each item is worked on once, and its result is in the record", async () => {
  const shelf: Shelf = new Map();
  const worked: number[] = [];
  const summary = await forEach(
    new FakeHost(systemClock, shelf),
    upTo(50),
    { concurrency: 7 },
    async (item) => {
      await later();
      worked.push(item);
      return { square: item * item };
    },
  );
  expect(summary).toEqual({ done: 50, failed: 0, skipped: 0, total: 50 });
  expect(worked.sort((a, b) => a - b)).toEqual(upTo(50));
  const kept = await outcomes<{ square: number }>(shelf);
  expect(kept.map((one) => one.kind === "done" && one.result.square === one.index ** 2)).toEqual(
    upTo(50).map(() => true),
  );
});

test("an empty source is done at once", async () => {
  const host = new FakeHost(systemClock);
  expect(await forEach(host, [], {}, () => 1)).toEqual({ done: 0, failed: 0, skipped: 0, total: 0 });
  expect(host.commits).toBe(0);
});

for (const keyed of [false, true]) {
  test(`a life may be killed before and after each commit: every item is once in the record (${keyed ? "by key" : "by index"})`, async () => {
    const options: ForEachOptions<number> = { concurrency: 5, commitEveryBytes: 40 };
    const all = keyed ? { ...options, key: (item: number) => `ключ ${item} 🗝` } : options;
    for (const when of ["before", "after"] as const) {
      const shelf: Shelf = new Map();
      let lives = 0;
      for (let isDone = false; !isDone; lives += 1) {
        // Each life gets one commit further than the one before.
        const host = new FakeHost(systemClock, shelf, killedAt(2 + (lives % 3), when));
        try {
          const work = async (item: number) => (await later(), `result ${item}`);
          isDone = (await forEach(host, upTo(100), all, work)).total === 100;
        } catch (error) {
          expect(error).toBeInstanceOf(Killed);
        }
        expect(lives).toBeLessThan(100);
      }
      expect(lives).toBeGreaterThan(3);
      const kept = await outcomes<string>(shelf);
      expect(kept.map(({ index }) => index).sort((a, b) => a - b)).toEqual(upTo(100));
      for (const one of kept) expect(one).toMatchObject({ kind: "done", result: `result ${one.index}` });
    }
  });
}

test("a thousand items at a concurrency of 100 share a few commits", async () => {
  const host = new FakeHost(systemClock);
  await forEach(host, upTo(1000), { concurrency: 100 }, later);
  expect(host.commits).toBeLessThanOrEqual(3);
});

test("with too much that is not durable no new item begins", async () => {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const host = new FakeHost(systemClock, new Map(), { before: () => gate });
  let begun = 0;
  const running = forEach(host, upTo(1000), { commitEveryBytes: 100 }, () => {
    begun += 1;
  });
  await until(() => host.commits > 0);
  await later();
  await later();
  const whenFull = begun;
  expect(whenFull).toBeLessThan(400);
  await later();
  expect(begun).toBe(whenFull);
  release();
  expect((await running).done).toBe(1000);
});

test("a failed item is tried again after a growing wait, and its last error is kept", async () => {
  const clock = manualClock();
  const shelf: Shelf = new Map();
  const host = new FakeHost(clock, shelf);
  const tries: [number, number][] = [];
  const running = forEach(host, ["a", "b"], { retries: 2, onFailure: "keep" }, (item, { tryNumber }) => {
    if (item === "b") return "fine";
    tries.push([tryNumber, clock.now()]);
    throw new RangeError(`no ${tryNumber}`);
  });
  await until(() => tries.length === 1);
  for (const expected of [2, 3]) {
    await until(() => clock.sleepers === 1);
    clock.advance(2_000);
    await until(() => tries.length === expected);
  }
  expect(await running).toEqual({ done: 1, failed: 1, skipped: 0, total: 2 });
  expect(await outcomes(shelf)).toEqual([
    { kind: "failed", index: 0, key: "0", error: { name: "RangeError", message: "no 3" }, tries: 3 },
    { kind: "done", index: 1, key: "1", result: "fine" },
  ]);
  expect(clock.pending).toBe(0);
});

test("with failed items forEach does all others, rejects, and tries the failed ones again in the next life", async () => {
  const shelf: Shelf = new Map();
  const options = { key: (item: string) => item };
  const failing = forEach(new FakeHost(systemClock, shelf), ["a", "b", "c"], options, (item) => {
    if (item === "b") throw new Error("not today");
    return item;
  });
  await expect(failing).rejects.toMatchObject({
    code: "items-failed",
    detail: 'List "items": 1 of 3. Item 1 ("b"): Error: not today.',
  });
  expect((await outcomes(shelf)).map(({ kind }) => kind)).toEqual(["done", "failed", "done"]);
  const again: string[] = [];
  const summary = await forEach(new FakeHost(systemClock, shelf), ["a", "b", "c"], options, (item) => {
    again.push(item);
    return "now";
  });
  expect(again).toEqual(["b"]);
  expect(summary).toEqual({ done: 1, failed: 0, skipped: 2, total: 3 });
  expect((await outcomes(shelf)).filter(({ key }) => key === "b")).toEqual([
    { kind: "done", index: 1, key: "b", result: "now" },
  ]);
});

test("a try that takes too long fails, even when its function does not heed the signal", async () => {
  const clock = manualClock();
  const shelf: Shelf = new Map();
  let signal: AbortSignal | undefined;
  let finish: (value: string) => void = () => undefined;
  const options = { timeoutMs: 50, onFailure: "keep" } as const;
  const running = forEach(new FakeHost(clock, shelf), [1], options, (_, context) => {
    signal = context.signal;
    return new Promise<string>((resolve) => {
      finish = resolve;
    });
  });
  await until(() => signal !== undefined);
  clock.advance(50);
  finish("too late");
  expect((await running).failed).toBe(1);
  expect(signal?.aborted).toBe(true);
  expect(await outcomes(shelf)).toMatchObject([
    { kind: "failed", error: { name: "TimeoutError" }, tries: 1 },
  ]);
});

test("when the job leaves no item begins, what ends in time is recorded, and what does not is given up", async () => {
  const shelf: Shelf = new Map();
  const host = new FakeHost(systemClock, shelf);
  const ends = new Map<number, () => void>();
  const signals: AbortSignal[] = [];
  const running = forEach(host, upTo(10), { concurrency: 3 }, (item, { signal }) => {
    signals.push(signal);
    return new Promise<void>((resolve) => ends.set(item, resolve));
  });
  const ended = expect(running).rejects.toThrow("the machine goes away");
  await until(() => ends.size === 3);
  host.leaveNow(new Error("the machine goes away"));
  ends.get(1)?.();
  await later();
  expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, false]);
  host.timeIsUp();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true, true].map((_, at) => at !== 1));
  ends.get(0)?.();
  await ended;
  expect((await outcomes(shelf)).map(({ index }) => index)).toEqual([1]);
  expect(ends.size).toBe(3);
});

test("a failure while the job leaves is not recorded: the next life tries the item again", async () => {
  const shelf: Shelf = new Map();
  const host = new FakeHost(systemClock, shelf);
  const running = forEach(host, [1], { onFailure: "keep" }, async () => {
    host.leaveNow(new Error("leaving"));
    await later();
    throw new Error("aborted by something else");
  });
  await expect(running).rejects.toThrow("leaving");
  expect(await outcomes(shelf)).toEqual([]);
});

test("J3: after a later claim nothing more is recorded, and nothing committed", async () => {
  const host = new FakeHost(systemClock);
  const fenced = new SpotproofError("fenced-out", "Attempt 2 owns the job.");
  const running = forEach(host, [1, 2], { concurrency: 2 }, (item) => {
    if (item === 1) return new Promise<void>(() => undefined);
    host.leaveNow(fenced);
    return Promise.resolve();
  });
  await expect(running).rejects.toBe(fenced);
  expect([host.appends, host.commits]).toEqual([0, 0]);
});

test("a commit that fails ends the list with its error, though items are under way", async () => {
  const full = new SpotproofError("store-full", "No room.");
  const trouble = {
    before: () => {
      throw full;
    },
  };
  const running = forEach(
    new FakeHost(systemClock, new Map(), trouble),
    upTo(100),
    { concurrency: 2, commitEveryBytes: 10 },
    (item) => (item === 0 ? new Promise<void>(() => undefined) : later()),
  );
  await expect(running).rejects.toBe(full);
});

test("a last commit that fails is no success", async () => {
  const trouble = { before: () => Promise.reject(new Error("away")) };
  await expect(forEach(new FakeHost(systemClock, new Map(), trouble), [1], {}, () => 1)).rejects.toThrow(
    "away",
  );
});

test("a source that fails loses nothing: items under way end and are recorded", async () => {
  const shelf: Shelf = new Map();
  async function* source() {
    yield 1;
    yield 2;
    await later();
    throw new Error("no more");
  }
  const slow = async (item: number) => {
    await later();
    await later();
    await later();
    return item;
  };
  await expect(forEach(new FakeHost(systemClock, shelf), source(), { concurrency: 5 }, slow)).rejects.toThrow(
    "no more",
  );
  expect(await outcomes(shelf)).toHaveLength(2);
});

test("a source that is not read to its end is told so", async () => {
  const host = new FakeHost(systemClock);
  let closed = false;
  function* source() {
    try {
      for (let item = 0; ; item += 1) yield item;
    } finally {
      closed = true;
    }
  }
  const running = forEach(host, source(), {}, (item) => {
    if (item === 10) host.leaveNow(new Error("leaving"));
  });
  await expect(running).rejects.toThrow("leaving");
  expect(closed).toBe(true);
});

test("a source that hangs does not keep the job from leaving", async () => {
  const host = new FakeHost(systemClock);
  const never = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise<IteratorResult<number>>(() => undefined) }),
  };
  const running = forEach(host, never, {}, () => 1);
  await later();
  host.leaveNow(new Error("leaving"));
  await expect(running).rejects.toThrow("leaving");
});

test("by index, a source that changed is refused; one that grew is not", async () => {
  const shelf: Shelf = new Map();
  const run = (source: readonly string[]) =>
    forEach(new FakeHost(systemClock, shelf), source, {}, (item) => item);
  await run(["a", "b", "c"]);
  expect(await run(["a", "b", "c", "d"])).toEqual({ done: 1, failed: 0, skipped: 3, total: 4 });
  await expect(run(["a", "x", "c", "d"])).rejects.toMatchObject({
    code: "items-changed",
    detail: expect.stringContaining('item 1 is now "x"') as string,
  });
  await expect(run(["a", "b"])).rejects.toMatchObject({ code: "items-changed" });
});

test("by key, the order does not matter, and the same key twice is one item, said once", async () => {
  const shelf: Shelf = new Map();
  const host = new FakeHost(systemClock, shelf);
  const options = { key: (item: string) => item };
  expect((await forEach(host, ["a", "b", "a", "b"], options, (item) => item)).total).toBe(2);
  expect(host.told.map(({ kind }) => kind)).toEqual(["items-repeated"]);
  const summary = await forEach(new FakeHost(systemClock, shelf), ["c", "b", "a"], options, (item) => item);
  expect(summary).toEqual({ done: 1, failed: 0, skipped: 2, total: 3 });
});

test("a list that was known by index is not taken up by key", async () => {
  const shelf: Shelf = new Map();
  await forEach(new FakeHost(systemClock, shelf), ["a"], {}, () => 1);
  const running = forEach(new FakeHost(systemClock, shelf), ["a"], { key: (item) => item }, () => 1);
  await expect(running).rejects.toMatchObject({ code: "items-changed" });
});

test("a key that is half a character, or no text, is refused", async () => {
  for (const key of ["\ud800", 7 as unknown as string]) {
    const running = forEach(new FakeHost(systemClock), [1], { key: () => key }, () => 1);
    await expect(running).rejects.toMatchObject({ code: "bad-usage" });
  }
});

test("an item has the same idempotency key in each try and each life, and no other item has it", async () => {
  const seen = new Map<string, Set<string>>();
  for (const attempt of [1, 2]) {
    const options = {
      key: (item: string) => item,
      retries: 1,
      backoff: { firstMs: 0, longestMs: 0 },
      onFailure: "keep",
    } as const;
    await forEach(new FakeHost(systemClock), ["a", "b"], options, (item, { idempotencyKey, tryNumber }) => {
      seen.set(item, (seen.get(item) ?? new Set()).add(idempotencyKey));
      if (tryNumber === 1) throw new Error(`life ${attempt}`);
    });
  }
  const [a, b] = [[...(seen.get("a") ?? [])], [...(seen.get("b") ?? [])]];
  expect([a.length, b.length]).toEqual([1, 1]);
  expect(a[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(a[0]).not.toBe(b[0]);
});

test("results of every kind come back as structuredClone would give them", async () => {
  const shelf: Shelf = new Map();
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const values = [
    undefined,
    null,
    -0,
    Number.NaN,
    "💾 text",
    [1, { a: [] }],
    new Date(5),
    new Map([[1, 2n]]),
    Buffer.alloc(100_000, 7),
    { undefined },
    cycle,
    "x".repeat(300),
  ];
  await forEach(new FakeHost(systemClock, shelf), upTo(values.length), {}, (index) => values[index]);
  const kept = await outcomes(shelf);
  expect(kept.map((one) => one.kind === "done" && one.result)).toEqual(
    values.map((value) => (Buffer.isBuffer(value) ? expect.any(Uint8Array) : value) as unknown),
  );
});

test("a result that cannot be kept is a failure of its item, and is not tried again", async () => {
  const shelf: Shelf = new Map();
  await forEach(new FakeHost(systemClock, shelf), [1], { retries: 3, onFailure: "keep" }, () => () => 1);
  expect(await outcomes(shelf)).toMatchObject([{ kind: "failed", tries: 1 }]);
});

test("while the record goes with a step's checkpoint nothing is committed here", async () => {
  const host = new FakeHost(systemClock);
  host.commitsFreely = false;
  expect((await forEach(host, upTo(1000), { commitEveryBytes: 10 }, () => 1)).done).toBe(1000);
  expect([host.commits, host.appends]).toEqual([0, 1001]);
});

test("functions that never wait let the event loop turn", async () => {
  let turns = 0;
  const beat = setInterval(() => {
    turns += 1;
  }, 1);
  const end = performance.now() + 2000;
  const enough = (): boolean => turns > 5 || performance.now() >= end;
  function* source() {
    while (!enough()) yield 1;
  }
  await forEach(new FakeHost(systemClock), source(), {}, async () => undefined);
  clearInterval(beat);
  expect(turns).toBeGreaterThan(5);
});

test("progress is told a few times a second, and at the end", async () => {
  const clock = manualClock();
  const host = new FakeHost(clock);
  await forEach(host, upTo(100), {}, () => clock.advance(100));
  expect(host.progressCalls.length).toBeLessThan(25);
  expect(host.progressCalls[0]).toEqual({ done: 5, total: 100 });
  expect(host.progressCalls.at(-1)).toEqual({ done: 100, total: 100 });
});

test("options that make no sense are refused before anything begins", async () => {
  const wrong = [
    { concurrency: 0 },
    { concurrency: 1.5 },
    { retries: -1 },
    { timeoutMs: Number.NaN },
    { name: "a/b" },
  ];
  for (const options of wrong) {
    await expect(forEach(new FakeHost(systemClock), [1], options, () => 1)).rejects.toMatchObject({
      code: "bad-usage",
    });
  }
  const path = "urls.txt" as unknown as string[];
  await expect(forEach(new FakeHost(systemClock), path, {}, () => 1)).rejects.toThrow("linesOf(path)");
});

test("a record that breaks off is refused", async () => {
  const shelf: Shelf = new Map();
  await forEach(new FakeHost(systemClock, shelf), [1, 2], {}, () => 1);
  const bytes = Buffer.concat(shelf.get("items-items") ?? []);
  shelf.set("items-items", [bytes.subarray(0, -1)]);
  const running = forEach(new FakeHost(systemClock, shelf), [1, 2], {}, () => 1);
  await expect(running).rejects.toMatchObject({ code: "record-damaged" });
});

test("wrong use does not compile", () => {
  const host = new FakeHost(systemClock);
  const wrong = [
    // @ts-expect-error a text is no source
    () => forEach(host, "urls.txt", {}, () => 1),
    // @ts-expect-error a key is a text
    () => forEach(host, [1], { key: (item) => item }, () => 1),
    // @ts-expect-error the item is a number
    () => forEach(host, [1], {}, (item: string) => item),
    // @ts-expect-error there is no such choice
    () => forEach(host, [1], { onFailure: "ignore" }, () => 1),
  ];
  expect(wrong).toHaveLength(4);
});

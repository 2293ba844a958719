import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { type Random, randomBelow, seededRandom } from "../../base/index.ts";
import { alike } from "./alike.fixture.ts";
import { decodeState } from "./decode.ts";
import { BESIDE_FROM, encodeState } from "./encode.ts";
import { PIECE_BYTES } from "./graph-format.ts";
import { allocateBuffers } from "./memories.ts";
import { snapshot } from "./snapshot.ts";

function there<T>(state: T): T {
  const { graph, buffers } = snapshot(encodeState(state));
  return decodeState(graph, buffers) as T;
}

const shared = { name: "shared" };
const cyclic: Record<string, unknown> = { list: [1, 2] };
cyclic["self"] = cyclic;
cyclic["map"] = new Map<unknown, unknown>([[cyclic, new Set([cyclic])]]);
const bare: Record<string, unknown> = Object.assign(Object.create(null), { toString: 1, shared });
const expression = /a+(?<x>b)/dgiu;
expression.lastIndex = 3;
const memory = new ArrayBuffer(64);

describe("what comes back as it was", () => {
  test.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["NaN", Number.NaN],
    ["-0", -0],
    ["infinity", [Infinity, -Infinity]],
    ["big integers", [0n, -1n, 2n ** 200n]],
    ["strings", ["", "ascii", "ünï", "日本 🎉", "\ud800 lone", "x".repeat(100_000)]],
    ["dates", [new Date(0), new Date(Number.NaN)]],
    ["regular expressions, also in the middle of a text", [/x/, expression]],
    ["holes of arrays", [1, , 3, , undefined, ,]], // oxlint-disable-line no-sparse-arrays -- its subject
    ["very sparse arrays", Object.assign([1], { 4_000_000: "far" })],
    ["arrays with named properties", Object.assign(Array.from({ length: 100 }).fill(1), { shape: [10, 10] })],
    ["what matching a text gives", /b(?<x>c)/.exec("abcd")],
    [
      "maps and sets",
      new Map<unknown, unknown>([
        [Number.NaN, new Set([1, "1", null])],
        [{ a: 1 }, new Map()],
      ]),
    ],
    ["cycles", cyclic],
    ["shared references", [shared, shared, { shared }]],
    ["objects without a prototype", [bare, { bare }, Object.create(null)]],
    ["own properties called __proto__", JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}')],
    ["properties in their order, odd names", { b: 1, a: 2, 7: 3, "": 4, "a b": 5 }],
    ["boxed primitives", [new String("abc"), new Number(-0), new Boolean(false), Object(7n)]], // oxlint-disable-line no-new-wrappers -- its subject
    [
      "a small memory under several views",
      {
        memory,
        all: new Uint8Array(memory),
        part: new Float32Array(memory, 8, 3),
        data: new DataView(memory, 1, 5),
      },
    ],
    ["empty typed arrays", [new Float64Array(0), new ArrayBuffer(0), Buffer.alloc(0)]],
    [
      "every kind of typed array",
      [
        Int8Array,
        Uint8Array,
        Uint8ClampedArray,
        Int16Array,
        Uint16Array,
        Int32Array,
        Uint32Array,
        Float32Array,
        Float64Array,
      ].map((Kind) => new Kind([1, 2, 3])),
    ],
    ["typed arrays of big integers", [new BigInt64Array([-1n, 2n]), new BigUint64Array([2n ** 63n])]],
    [
      "small and big Buffers",
      [Buffer.from("abc"), Buffer.alloc(BESIDE_FROM - 1, 1), Buffer.alloc(BESIDE_FROM, 2)],
    ],
  ])("%s", (_, state) => {
    expect(alike(there(state), state)).toBe(true);
  });

  test("errors keep name, message, stack and cause", () => {
    const error = new RangeError("too far", { cause: { deep: [new TypeError("below")] } });
    const back = there({ error }).error;
    expect(back).toBeInstanceOf(RangeError);
    expect([back.message, back.stack]).toEqual([error.message, error.stack]);
    expect(back.cause).toEqual({ deep: [new TypeError("below")] });
  });

  test("plain values of another realm come back as this one's", () => {
    const foreign: unknown = runInNewContext(
      "({ a: [1, new Map([[1, new Date(5)]])], t: new Float32Array(3), e: new TypeError('x') })",
    );
    const back = there(foreign) as { readonly a: readonly unknown[]; readonly t: Float32Array };
    expect(back.a).toEqual([1, new Map([[1, new Date(5)]])]);
    expect(back.t).toEqual(new Float32Array(3));
  });

  test("a frozen object comes back, and can be changed", () => {
    const back = there(Object.freeze({ list: Object.freeze([1]) }));
    expect(back).toEqual({ list: [1] });
    expect(Object.isFrozen(back)).toBe(false);
  });

  test("views that follow a resizable memory still do, and others do not", () => {
    const Resizable = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
    for (const length of [16, 2 * BESIDE_FROM]) {
      const memory = new Resizable(length, { maxByteLength: 4 * length });
      const { all, part } = there({ all: new Uint8Array(memory), part: new Uint8Array(memory, 0, length) });
      expect(all.buffer).toBe(part.buffer);
      (all.buffer as ArrayBuffer & { resize(length: number): void }).resize(3 * length);
      expect([all.length, part.length]).toEqual([3 * length, length]);
    }
  });

  test.runIf("Float16Array" in globalThis)("Float16Array (needs a Node.js that has it)", () => {
    const Half = (globalThis as unknown as { Float16Array: new (values: number[]) => NodeJS.TypedArray })
      .Float16Array;
    expect(there(new Half([0.5, 2]))).toEqual(new Half([0.5, 2]));
  });

  test("random nested values with shared references", () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const state = randomValue(seededRandom(seed), 5, []);
      expect(alike(there(state), state), `seed ${seed}`).toBe(true);
    }
  });
});

function randomValue(random: Random, levels: number, before: object[]): unknown {
  const below = (bound: number): number => randomBelow(random, bound);
  const many = <T>(make: () => T): T[] => Array.from({ length: below(5) }, make);
  const inner = (): unknown => randomValue(random, levels - 1, before);
  const kept = <T extends object>(value: T): T => {
    before.push(value);
    return value;
  };
  const leaves: (() => unknown)[] = [
    () => [undefined, null, true, Number.NaN, -0, 1.5, 2 ** 40, -(2n ** 70n), "é", "日本"][below(10)],
    () => before[below(before.length)],
    () => kept(new Date(below(1e9))),
    () => kept(new Float64Array(below(1_000)).fill(random.next())),
    () => kept(Buffer.from(many(() => below(256)))),
    () => kept(new ArrayBuffer(below(6_000))),
    () => kept(new Uint16Array(new ArrayBuffer(100), 2 * below(20), below(20))),
  ];
  const nodes: (() => unknown)[] = [
    () => {
      const object: Record<string, unknown> = kept(
        below(4) === 0 ? (Object.create(null) as object) : {},
      ) as Record<string, unknown>;
      for (const index of many(() => below(20))) object[`p${index}`] = inner();
      return object;
    },
    () => {
      const array: unknown[] = kept([]);
      for (const index of many(() => below(8))) array[index] = inner();
      return array;
    },
    () => {
      const map = kept(new Map<unknown, unknown>());
      for (const key of many(inner)) map.set(key, inner());
      return map;
    },
    () => {
      const set = kept(new Set<unknown>());
      for (const value of many(inner)) set.add(value);
      return set;
    },
  ];
  const choices = levels === 0 ? leaves : [...leaves, ...nodes, ...nodes, ...nodes];
  return choices[below(choices.length)]?.();
}

describe("big memory", () => {
  test("it is not copied: the buffers are the program's own memory, once for all views", () => {
    const weights = new Float32Array(BESIDE_FROM);
    const alone = new ArrayBuffer(BESIDE_FROM);
    const state = { weights, half: weights.subarray(10, 20), alone, again: [weights.buffer, weights] };
    const { graph, buffers, byteLength } = encodeState(state);
    expect(new Set(buffers.map((buffer) => buffer.buffer))).toEqual(new Set([weights.buffer, alone]));
    expect(buffers).toHaveLength(2);
    expect(graph.length).toBeLessThan(400);
    expect(byteLength).toBe(graph.length + 5 * BESIDE_FROM);
    expect(alike(there(state), state)).toBe(true);
  });

  test("a plain ArrayBuffer after a view on it, and before, stays one memory", () => {
    const memory = new ArrayBuffer(BESIDE_FROM);
    for (const state of [
      { a: new Uint8Array(memory), b: memory },
      { b: memory, a: new Uint8Array(memory) },
    ]) {
      const back = there(state);
      expect(back.a.buffer).toBe(back.b);
    }
  });

  test("beyond the limit of the look, views and memories are shared all the same", () => {
    const memory = new ArrayBuffer(BESIDE_FROM);
    const state = { list: [1, 2, 3], b: memory, a: new Uint8Array(memory), c: memory };
    const encoded = encodeState(state, { walkLimit: 2 });
    expect(encoded.looked).toEqual({ nodes: 2, complete: false });
    expect(alike(decodeState(encoded.graph, snapshot(encoded).buffers), state)).toBe(true);
  });

  test("of a Buffer only its own bytes are saved, and it comes back as a Buffer", () => {
    const around = Buffer.alloc(1_000_000, "secret ");
    const state = { small: around.subarray(3, 10), big: around.subarray(1, BESIDE_FROM + 1) };
    const { graph, buffers } = encodeState(state);
    expect(graph.length).toBeLessThan(300);
    expect(buffers.map(({ byteLength }) => byteLength)).toEqual([BESIDE_FROM]);
    expect(buffers[0]?.buffer).toBe(around.buffer);
    const back = there(state);
    expect(Buffer.isBuffer(back.small) && Buffer.isBuffer(back.big)).toBe(true);
    expect(back.big.buffer.byteLength).toBe(BESIDE_FROM);
    expect(alike(back, state)).toBe(true);
  });

  test("buffers that are a whole memory become the state without a copy, others are copied", () => {
    const state = { weights: new Float64Array(1_000).fill(1.5) };
    const { graph, buffers } = encodeState(state);
    const [room] = allocateBuffers(graph);
    room?.set(buffers[0] ?? []);
    const adopted = decodeState(graph, room === undefined ? [] : [room]) as typeof state;
    expect(adopted.weights.buffer).toBe(room?.buffer);
    const odd = Buffer.alloc(8_003);
    odd.set(buffers[0] ?? [], 3);
    const copied = decodeState(graph, [odd.subarray(3)]) as typeof state;
    expect(copied).toEqual(state);
    expect(copied.weights.buffer).not.toBe(odd.buffer);
  });

  test("a memory longer than a piece stands beside the graph in several, and comes back as one", () => {
    const memory = new ArrayBuffer(PIECE_BYTES + 8_192); // untouched pages take no room
    const end = new Float64Array(memory, PIECE_BYTES - 8, 2);
    end.set([1.5, 2.5]);
    const { graph, buffers } = encodeState({ memory, end });
    expect(buffers.map(({ byteLength }) => byteLength)).toEqual([PIECE_BYTES, 8_192]);
    const room = allocateBuffers(graph);
    room[0]?.set(buffers[0]?.subarray(-8) ?? [], PIECE_BYTES - 8);
    room[1]?.set(buffers[1] ?? []);
    const back = decodeState(graph, room) as { memory: ArrayBuffer; end: Float64Array };
    expect([...back.end]).toEqual([1.5, 2.5]);
    expect(back.memory).toBe(room[0]?.buffer);
    expect(back.end.buffer).toBe(back.memory);
    expect(back.memory.byteLength).toBe(PIECE_BYTES + 8_192);
  });

  test("one Buffer handed over for two memories does not tie them together", () => {
    const state = [new Uint8Array(BESIDE_FROM), new Uint8Array(BESIDE_FROM)];
    const { graph } = encodeState(state);
    const zeros = Buffer.alloc(BESIDE_FROM);
    const back = decodeState(graph, [zeros, zeros]) as typeof state;
    expect(back[0]?.buffer).not.toBe(back[1]?.buffer);
  });

  test.each([1, 2, 3, 5, 7])("a graph that begins at an odd address (%d) can be read", (offset) => {
    const state = {
      text: "日本",
      doubles: new Float64Array([1.5, -0]),
      list: [0.1, 0.2],
      bytes: Buffer.from("x"),
    };
    const { graph } = encodeState(state);
    const moved = Buffer.alloc(graph.length + offset);
    graph.copy(moved, offset);
    expect(alike(decodeState(moved.subarray(offset), []), state)).toBe(true);
  });
});

describe("a snapshot", () => {
  test("does not follow what the program changes afterwards", () => {
    const state = { weights: new Float64Array(1_000).fill(1), step: 1 };
    const copy = snapshot(encodeState(state));
    state.weights.fill(2);
    state.step = 2;
    expect(decodeState(copy.graph, copy.buffers)).toEqual({
      weights: new Float64Array(1_000).fill(1),
      step: 1,
    });
  });

  test("writes over an earlier snapshot where the lengths are the same", () => {
    const state = { a: new Float64Array(1_000).fill(1), b: new Uint8Array(BESIDE_FROM) };
    const first = snapshot(encodeState(state));
    state.a.fill(2);
    const second = snapshot(encodeState({ b: state.b, a: state.a, c: new Uint8Array(5_000) }), first);
    expect(second.buffers.slice(0, 2).map(({ buffer }) => buffer)).toEqual(
      first.buffers.map(({ buffer }) => buffer).toReversed(),
    );
    expect(decodeState(second.graph, second.buffers)).toMatchObject(state);
  });

  test("never writes over the program's own memory", () => {
    const state = { a: new Float64Array(1_000).fill(1) };
    const own = encodeState(state);
    snapshot(encodeState({ a: new Float64Array(1_000).fill(9) }), own);
    expect(state.a[0]).toBe(1);
  });
});

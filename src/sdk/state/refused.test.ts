import { describe, expect, test } from "vitest";
import { crc32 } from "node:zlib";
import { SpotproofError } from "../../base/index.ts";
import { decodeState } from "./decode.ts";
import { BESIDE_FROM, type EncodeOptions, encodeState } from "./encode.ts";
import { serializationVersion } from "./graph-format.ts";
import { MAX_LEVELS } from "./walk.ts";

class Model {
  readonly weights = [1];
}
class OwnMap extends Map<string, number> {}
class OwnError extends Error {}

function errorOf(act: () => unknown): SpotproofError {
  try {
    act();
  } catch (error) {
    if (error instanceof SpotproofError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const refusal = (state: unknown, options?: EncodeOptions): SpotproofError =>
  errorOf(() => encodeState(state, options));

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { next: value };
  return value;
}

function detached(): ArrayBuffer {
  const memory = new ArrayBuffer(8);
  structuredClone(memory, { transfer: [memory] });
  return memory;
}

const long = Array.from({ length: 1_000 }, () => 0);
const holes: unknown[] = [];
holes[5_000_000] = () => 1;

describe("what would not come back is refused, with the way to it", () => {
  test.each<[string, unknown, string]>([
    ["a function", { layers: [{}, { forward: () => 1 }] }, "state.layers[1].forward is a function"],
    ["a function alone", () => 1, "state is a function"],
    ["a symbol", [[Symbol("x")]], "state[0][0] is a symbol"],
    ["a class instance", { model: new Model() }, "state.model is an instance of Model"],
    ["a class made from Map", new OwnMap(), "state is an instance of OwnMap"],
    [
      "a class made from Array",
      { a: [new (class Row extends Array {})()] },
      "state.a[0] is an instance of Row",
    ],
    ["an error of a class", { last: new OwnError("x") }, "state.last is an instance of OwnError"],
    [
      "an error's own property",
      Object.assign(new Error("x"), { code: 1 }),
      "state.code is a property of an error",
    ],
    ["many errors as one", new AggregateError([1]), "state is an instance of AggregateError"],
    ["an error's cause", new Error("x", { cause: [new Model()] }), "state.cause[0] is an instance of Model"],
    [
      "a value of a Map",
      { by: new Map([["x y", new Model()]]) },
      'state.by.get("x y") is an instance of Model',
    ],
    [
      "a value of a Map under an object",
      new Map([[{}, new Model()]]),
      "state (value 0 of the Map) is an instance",
    ],
    ["a key of a Map", new Map([[new Model(), 1]]), "state (key 0 of the Map) is an instance of Model"],
    ["a value of a Set", new Set([1, new Model()]), "state (value 1 of the Set) is an instance of Model"],
    ["odd names", { "a b": { "": new Model() } }, 'state["a b"][""] is an instance of Model'],
    ["a Promise", { p: Promise.resolve() }, "state.p is an instance of Promise"],
    ["a WeakMap", { p: new WeakMap() }, "state.p is an instance of WeakMap"],
    ["a WeakRef", { p: new WeakRef({}) }, "state.p is an instance of WeakRef"],
    ["a URL", { u: new URL("http://x.test") }, "state.u is an instance of URL"],
    ["a stream", { s: process.stdout }, "state.s is an instance of"],
    ["a Proxy", { x: new Proxy({}, {}) }, "state.x is a Proxy"],
    ["a SharedArrayBuffer", { x: new SharedArrayBuffer(8) }, "state.x is a SharedArrayBuffer"],
    [
      "a view on one",
      { x: new Uint8Array(new SharedArrayBuffer(8)) },
      "state.x is a SharedArrayBuffer, or a view",
    ],
    ["a detached memory", { x: detached() }, "state.x is a detached ArrayBuffer"],
    ["a symbol as a name", { x: { [Symbol("s")]: 1 } }, "state.x[Symbol(s)] is a property under a symbol"],
    [
      "a getter",
      {
        x: {
          get y() {
            return 1;
          },
        },
      },
      "state.x.y is an accessor",
    ],
    [
      "a hidden property",
      { x: Object.defineProperty({}, "y", { value: 1 }) },
      "state.x.y is a property that is not enumerable",
    ],
    ["a function on a long array", Object.assign([...long], { by: () => 1 }), "state.by is a function"],
    [
      "a hidden property of a long array",
      Object.defineProperty([...long], "y", { value: 1 }),
      "state.y is a property that is not",
    ],
    ["a function far in a sparse array", holes, "state[5000000] is a function"],
    [
      "properties of a typed array",
      { t: Object.assign(new Float32Array(3), { shape: [3] }) },
      "state.t is a Float32Array with properties",
    ],
    [
      "properties of a long typed array",
      Object.assign(new Float32Array(300), { shape: [3] }),
      "state is a Float32Array with properties",
    ],
    [
      "properties of a long Buffer",
      Object.assign(Buffer.alloc(300), { from: "x" }),
      "state is a Uint8Array with properties",
    ],
    ["properties of a Map", Object.assign(new Map(), { x: 1 }), "state is a Map with properties"],
    ["properties of a Date", Object.assign(new Date(0), { x: 1 }), "state is a Date with properties"],
  ])("%s", (_, state, words) => {
    const error = refusal(state);
    expect(error.code).toBe("state-not-storable");
    expect(error.detail).toContain(words);
  });

  test("the words say what to do", () => {
    expect(refusal({ model: new Model() }).detail).toBe(
      "state.model is an instance of Model, and would come back without its class, or not at all. Save plain data and make the object from it after a restore; see the `encode` and `decode` options.",
    );
    expect(refusal([Promise.resolve()], { name: "result" }).detail).toMatch(/^result\[0\] is .*`await`/);
  });

  test("what V8 would write but could not read again: too many levels", () => {
    expect(() => encodeState(nested(MAX_LEVELS))).not.toThrow();
    const { graph } = encodeState(nested(MAX_LEVELS));
    expect(decodeState(graph, [])).toBeTypeOf("object");
    const error = refusal(nested(MAX_LEVELS + 3));
    expect(error.detail).toMatch(/^state\.next\.next.* … \(1001 steps\) … .*nested more than 1000 levels/);
  });

  test("beyond the limit of the look, what V8 refuses is still found and named", () => {
    const state = { list: [1, 2, 3], later: { f: () => 1 } };
    expect(refusal(state, { walkLimit: 1 }).detail).toContain("state.later.f is a function");
    const withShared = { list: [1], later: { x: new Uint8Array(new SharedArrayBuffer(1)) } };
    expect(refusal(withShared, { walkLimit: 1 }).detail).toContain("state.later.x is a SharedArrayBuffer");
  });
});

describe("bytes that are no state of this program's", () => {
  const { graph, buffers } = encodeState({ w: new Uint8Array(BESIDE_FROM), list: [1, "two"] });
  const unreadable = (bytes: Buffer, besides = buffers): string => {
    const error = errorOf(() => decodeState(bytes, besides));
    expect(error.code).toBe("state-unreadable");
    return error.detail;
  };
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(graph);
    copy.writeUInt8(value, at);
    return copy;
  };

  test("truncated at any length", () => {
    for (let length = 0; length < graph.length; length += 1) unreadable(graph.subarray(0, length));
    unreadable(Buffer.concat([graph, Buffer.from("x")]));
  });

  test("altered at any byte", () => {
    for (let at = 0; at < graph.length; at += 1) unreadable(changed(at, (graph[at] ?? 0) ^ 0x55));
  });

  test("altered with a checksum that fits: an error or another value, never the end of the process", () => {
    for (let at = 32; at < graph.length; at += 1) {
      for (const bits of [0x01, 0x55, 0x80, 0xff]) {
        const copy = changed(at, (graph[at] ?? 0) ^ bits);
        copy.writeUInt32LE(crc32(copy.subarray(16)), 12);
        try {
          decodeState(copy, buffers);
        } catch (error) {
          expect(error).toMatchObject({ code: "state-unreadable" });
        }
      }
    }
  });

  test("foreign, of another format, byte order or newer serialization: each in its own words", () => {
    expect(unreadable(Buffer.alloc(100, "{}"))).toContain("are not the graph of a state");
    expect(unreadable(changed(8, 2))).toContain("format 2");
    expect(unreadable(changed(9, 2))).toMatch(/byte order BE, and this one has LE/);
    expect(unreadable(changed(10, serializationVersion() + 1))).toContain("saved by a newer Node.js");
  });

  test("with buffers that are not its own", () => {
    expect(unreadable(graph, [])).toBe("The state has 1 buffers, and 0 were found.");
    expect(unreadable(graph, [Buffer.alloc(5)])).toContain(
      `Buffer 0 of the state should have ${BESIDE_FROM} bytes and has 5`,
    );
  });
});

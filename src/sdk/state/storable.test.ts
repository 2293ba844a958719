import { describe, expect, test } from "vitest";
import type { Storable } from "./storable.ts";

// What the compiler accepts and refuses: `npm run check:types` is what tests these.

const save = <T>(state: T & Storable<T>): T => state;
const saveFrom = <T>(state: () => T & Storable<T>): T => state();

interface Layer {
  readonly weights: Float32Array;
  bias?: number | undefined;
  readonly kind: "dense" | "conv";
}
interface Tree {
  value: bigint;
  left?: Tree;
  children: readonly Tree[];
  byName: Map<string, Tree>;
  seen: ReadonlySet<Tree>;
}
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Id = string & { readonly __brand: "Id" };
declare const mark: unique symbol;
type Marked = { readonly at: number } & { readonly [mark]: true };
enum Mode {
  Fast,
  Slow,
}
type Event = { kind: "a"; at: Date } | { kind: "b"; pattern: RegExp; tuple: readonly [number, string?] };
interface State {
  layers: Layer[];
  tree: Tree;
  json: Json;
  id: Id;
  marked: Marked;
  mode: Mode;
  events: Map<Id, Event[]>;
  anything: unknown;
  record: Record<string, number | undefined>;
  bytes: Buffer | ArrayBuffer | DataView | BigInt64Array;
  lastError: Error | undefined;
}
class Model {
  weights = [1];
  train(): void {
    this.weights.push(1);
  }
}
class Data {
  x = 1;
}

const never = (): void => {
  const any = JSON.parse("{}");
  const state = {} as State;
  save(state);
  save(any);
  save({ any });
  save({} as Tree);
  save(any as Json);
  save({} as Event);
  save({} as readonly [number, ...Layer[]]);
  save<State>(state);
  const inferred: State = save(state);
  saveFrom(() => state);
  saveFrom(() => ({ step: 1, list: [1, 2], nested: { map: new Map([["a", new Set([1])]]) } }));
  save(undefined);
  save(inferred as unknown);
  save(new Data()); // Looks like an interface: refused when it is saved.

  // @ts-expect-error -- a function
  save(() => 1);
  // @ts-expect-error -- a method in an interface
  save({} as { layers: { forward(x: number): number }[] });
  // @ts-expect-error -- an optional method
  save({} as { a: number; onEnd?: () => void });
  // @ts-expect-error -- a class with methods
  save(new Model());
  // @ts-expect-error -- deep in containers
  save({ byName: new Map([["a", [new Model()]]]) });
  // @ts-expect-error -- a key of a Map
  save(new Map([[new Model(), 1]]));
  // @ts-expect-error -- a value of a Set
  save({ models: new Set([new Model()]) });
  // @ts-expect-error -- one member of a union
  save({} as { x: number | (() => void) });
  // @ts-expect-error -- in a tuple
  save({} as readonly [number, symbol]);
  // @ts-expect-error -- a symbol
  save({ x: Symbol("x") });
  // @ts-expect-error -- a Promise
  save({ x: Promise.resolve(1) });
  // @ts-expect-error -- the state of an async function
  void saveFrom(async () => ({ x: 1 }));
  // @ts-expect-error -- a WeakMap
  save({ x: new WeakMap<object, number>() });
  // @ts-expect-error -- a WeakSet
  save({ x: new WeakSet() });
  // @ts-expect-error -- a WeakRef
  save({ x: new WeakRef({}) });
  // @ts-expect-error -- shared memory
  save({ x: new SharedArrayBuffer(1) });
  // @ts-expect-error -- a view on shared memory
  save({ x: new Uint8Array(new SharedArrayBuffer(1)) });
  // @ts-expect-error -- a constructor
  save({ x: Model });
  // @ts-expect-error -- an error with members of its own
  save({ x: {} as NodeJS.ErrnoException });
  // @ts-expect-error -- a recursive type with a method
  save({} as RecursiveMethod);
  // @ts-expect-error -- a stream
  save({ out: process.stdout });
};
interface RecursiveMethod {
  next?: RecursiveMethod;
  list: Map<string, RecursiveMethod>;
  run(): void;
}

describe("Storable", () => {
  test("is a type alone: values pass as they are", () => {
    expect(save({ a: 1 })).toEqual({ a: 1 });
    expect(never).toBeTypeOf("function");
  });
});

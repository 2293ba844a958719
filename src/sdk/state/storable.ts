/** Why a part of a type cannot be saved: the compiler shows it as the type that was expected there. */
type Refused<Reason extends string> = Reason & { readonly __cannotBeSaved: never };

type TypedArray = NodeJS.TypedArray;

/** Kinds that are saved whole. */
type Whole = Date | RegExp | ArrayBuffer | DataView | TypedArray;

type Primitive = string | number | boolean | bigint | null | undefined;

// oxlint-disable-next-line typescript/no-explicit-any -- the only type that every function has
type AnyFunction = ((...args: any) => unknown) | (abstract new (...args: any) => unknown);

type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * The type itself if values of it can be a state, and otherwise a type that no such value has, with a reason at the
 * place that is to blame. Use it as `state: T & Storable<T>`.
 *
 * Accepted: primitives, plain objects (interfaces, aliases, optional and read-only members), arrays, tuples, Maps, Sets,
 * Dates, regular expressions, typed arrays, Buffers, errors, and all that is made of these, also recursively.
 * `unknown` and `any` say nothing and are accepted: `encodeState` looks at the values.
 * Refused: boxed primitives (`new Number(1)`, though `encodeState` keeps them), functions and methods, symbols, Promises, WeakMaps, SharedArrayBuffers, at any depth.
 * A class that has public data alone looks like an interface: `encodeState` refuses its instances.
 */
export type Storable<T> = IsAny<T> extends true ? T : unknown extends T ? T : StorableMember<T>;

type StorableMember<T> = T extends Primitive
  ? T
  : T extends symbol
    ? Refused<"a symbol cannot be saved: use a string">
    : T extends AnyFunction
      ? Refused<"a function or method cannot be saved: save plain data and make the object from it">
      : StorableObject<T>;

type StorableObject<T> =
  T extends PromiseLike<unknown>
    ? Refused<"a Promise cannot be saved: await it first">
    : T extends SharedArrayBuffer | { readonly buffer: SharedArrayBuffer }
      ? Refused<"a SharedArrayBuffer cannot be saved: save a copy">
      : T extends Whole
        ? T
        : T extends Error
          ? StorableError<T>
          : StorableContainer<T>;

type StorableError<T extends Error> = keyof T extends keyof Error
  ? T
  : Refused<"an error with members of its own cannot be saved: save what you need of it in a plain object">;

type StorableContainer<T> = T extends readonly unknown[]
  ? StorableList<T>
  : T extends ReadonlyMap<infer Key, infer Value>
    ? ReadonlyMap<Storable<Key>, Storable<Value>>
    : T extends ReadonlySet<infer Value>
      ? ReadonlySet<Storable<Value>>
      : T extends WeakMap<WeakKey, unknown> | WeakSet<WeakKey>
        ? Refused<"a WeakMap or WeakSet cannot be saved: its contents cannot be listed">
        : { [Key in keyof T]: Storable<T[Key]> };

/** A mapped type goes through a tuple member by member, but is resolved at once: an array may lead to itself. */
type StorableList<T extends readonly unknown[]> = number extends T["length"]
  ? readonly Storable<T[number]>[]
  : { [Key in keyof T]: Storable<T[Key]> };

/** A promise that somebody else resolves, once. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  /** Later calls change nothing. */
  readonly resolve: (value: Value) => void;
  readonly isResolved: () => boolean;
}

/** A promise to resolve later. */
export function deferred<Value = void>(): Deferred<Value> {
  let resolve: (value: Value) => void = () => undefined;
  let done = false;
  const promise = new Promise<Value>((accept) => {
    resolve = accept;
  });
  return {
    promise,
    resolve: (value) => {
      done = true;
      resolve(value);
    },
    isResolved: () => done,
  };
}

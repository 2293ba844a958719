import { type Clock, type Random, SpotproofError } from "../../base/index.ts";
import type { CallOptions, Store, StoreBytes, StoreKey } from "../store.ts";

// A store that is disturbed on purpose, for rehearsals. Nothing that a store promises is broken: what was answered is
// durable, and of racing creators at most one is told "created". Only answers get lost, come late, or come as errors.

/** What a disturbed call may meet. */
export const STORE_FAULT_KINDS = ["timeout", "500", "503", "409", "412", "slow", "full"] as const;

/** The name of one kind of fault. */
export type StoreFaultKind = (typeof STORE_FAULT_KINDS)[number];

/** One way in which calls of a store are disturbed at present. */
export interface StoreFault {
  /**
   * - `timeout`: the call is never answered; half of the writes take effect all the same.
   * - `500`: the call fails; half of the writes have taken effect before.
   * - `503`: the call fails before anything takes effect.
   * - `409`: a create fails because of another one that is under way; nothing takes effect.
   * - `412`: a create is told "exists" though it was this very call that created the object: a repeated request whose
   *   first try had succeeded.
   * - `slow`: the call begins late.
   * - `full`: a create or replace fails because there is no room.
   */
  readonly kind: StoreFaultKind;
  /** The share of calls that it befalls, 0 to 1. */
  readonly share: number;
  /** For `slow`: by how much, in ms. */
  readonly delayMs: number;
}

/** What decides about the faults. */
export interface StoreFaultOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The faults of this moment; asked for at each call. What it throws, the call throws. */
  readonly current: () => Promise<readonly StoreFault[]> | readonly StoreFault[];
}

/** One call of a store, before it is made. */
interface Call<Result> {
  readonly what: string;
  readonly does: "create" | "replace" | "remove" | "look";
  readonly signal: AbortSignal | undefined;
  readonly make: () => Promise<Result>;
  /** What a create is told when an earlier try of it had succeeded. */
  readonly whenRepeated?: Result;
}

/**
 * A store whose calls meet the faults of the moment, each with its own share of them; the first that strikes decides. A
 * `timeout` lasts until the call's signal aborts: put this store into `limitCalls`.
 */
export function withStoreFaults(store: Store, options: StoreFaultOptions): Store {
  const run = <Result>(call: Call<Result>): Promise<Result> => disturbed(store, options, call);
  const look = <Result>(what: string, call: CallOptions | undefined, make: () => Promise<Result>) =>
    run({ what, does: "look", signal: call?.signal, make });
  return {
    description: store.description,
    create: (key: StoreKey, bytes: StoreBytes, call) =>
      run<"created" | "exists">({
        what: `create ${key}`,
        does: "create",
        signal: call?.signal,
        make: () => store.create(key, bytes, call),
        whenRepeated: "exists",
      }),
    replace: (key, bytes, call) =>
      run({
        what: `replace ${key}`,
        does: "replace",
        signal: call?.signal,
        make: () => store.replace(key, bytes, call),
      }),
    remove: (key, call) =>
      run({
        what: `remove ${key}`,
        does: "remove",
        signal: call?.signal,
        make: () => store.remove(key, call),
      }),
    read: (key, call) => look(`read ${key}`, call, () => store.read(key, call)),
    list: (prefix, call) => look(`list ${prefix}`, call, () => store.list(prefix, call)),
    listFolders: (prefix, call) => look(`list ${prefix}`, call, () => store.listFolders(prefix, call)),
  };
}

async function disturbed<Result>(
  { description }: Store,
  { clock, random, current }: StoreFaultOptions,
  { what, does, signal, make, whenRepeated }: Call<Result>,
): Promise<Result> {
  const isWrite = does !== "look";
  const halfOfTheWrites = async (): Promise<void> => {
    if (isWrite && random.next() < 0.5) await make();
  };
  const failed = (code: "store-unreachable" | "store-full", why: string): SpotproofError =>
    new SpotproofError(code, `${description}: "${what}" failed on purpose: ${why}.`);
  for (const { kind, share, delayMs } of await current()) {
    if (random.next() >= share) continue;
    switch (kind) {
      case "slow":
        await clock.sleep(delayMs, signal);
        signal?.throwIfAborted();
        break;
      case "timeout":
        await halfOfTheWrites();
        return never(signal);
      case "500":
        await halfOfTheWrites();
        throw failed("store-unreachable", "500, internal error");
      case "503":
        throw failed("store-unreachable", "503, slow down");
      case "409":
        if (does === "create") throw failed("store-unreachable", "409, conflict, try again");
        break;
      case "412":
        if (whenRepeated === undefined) break;
        await make();
        return whenRepeated;
      case "full":
        if (does === "create" || does === "replace") throw failed("store-full", "no room");
        break;
      default:
        kind satisfies never;
    }
  }
  return make();
}

/** Rejects with the signal's reason when it aborts; without a signal it lasts for ever. */
function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const giveUp = (): void => reject(signal?.reason as Error);
    if (signal?.aborted === true) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
  });
}

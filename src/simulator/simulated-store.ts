import { type Random, SpotproofError, randomBelow } from "../base/index.ts";
import {
  type ByteRange,
  type CallOptions,
  type Store,
  type StoreBytes,
  type StoreKey,
  type StoredObject,
  createMemoryStore,
} from "../store/index.ts";
import type { VirtualMachine, VirtualTime } from "./virtual-time.ts";

/** A call as it took effect in the store. */
export interface StoreEffect {
  readonly atMs: number;
  readonly machine: string;
  readonly operation: "create" | "replace" | "read" | "list" | "listFolders" | "remove";
  readonly key: StoreKey;
  readonly created: boolean;
  /** What was written. */
  readonly text: string;
}

/** How badly the way between machines and store behaves. */
export interface StoreWeather {
  /** The longest way in one direction, in ms. */
  readonly longestWayMs: number;
  /** The share of calls of which the request or the answer is lost. */
  readonly lost: number;
}

/** One store that many virtual machines reach over a network, each call with a moment before and one after its effect. */
export class SimulatedStore {
  /** Everything that has taken effect, in that order. */
  readonly effects: StoreEffect[] = [];
  /** Called at each moment before and after an effect: where a machine may crash or be paused. */
  onMoment: (machine: VirtualMachine, key: StoreKey) => void = () => undefined;
  weather: StoreWeather;
  readonly #inner = createMemoryStore();
  readonly #time: VirtualTime;
  readonly #random: Random;

  constructor(time: VirtualTime, random: Random, weather: StoreWeather) {
    this.#time = time;
    this.#random = random;
    this.weather = weather;
  }

  /** The store as one machine sees it. */
  seenFrom(machine: VirtualMachine): Store {
    const written = async (
      operation: "create" | "replace" | "remove",
      key: StoreKey,
      bytes: StoreBytes,
      act: () => Promise<"created" | "exists" | void>,
      options?: CallOptions,
    ): Promise<"created" | "exists" | void> =>
      this.#call(machine, key, options, async () => {
        const result = await act();
        this.#log(machine, operation, key, result !== "exists", Buffer.concat(bytes).toString());
        return result;
      });
    return {
      description: `simulated store, seen from ${machine.name}`,
      create: async (key, bytes, options) =>
        (await written("create", key, bytes, () => this.#inner.create(key, bytes), options)) ?? "created",
      replace: async (key, bytes, options) => {
        await written("replace", key, bytes, () => this.#inner.replace(key, bytes), options);
      },
      remove: async (key, options) => {
        await written("remove", key, [], () => this.#inner.remove(key), options);
      },
      read: (key: StoreKey, options?: CallOptions & { readonly range?: ByteRange }) =>
        this.#call(machine, key, options, () => {
          this.#log(machine, "read", key, false, "");
          return this.#inner.read(key, options?.range === undefined ? {} : { range: options.range });
        }),
      list: (prefix: string, options?: CallOptions): Promise<readonly StoredObject[]> =>
        this.#call(machine, prefix, options, () => {
          this.#log(machine, "list", prefix, false, "");
          return this.#inner.list(prefix);
        }),
      listFolders: (prefix: string, options?: CallOptions) =>
        this.#call(machine, prefix, options, () => {
          this.#log(machine, "listFolders", prefix, false, "");
          return this.#inner.listFolders(prefix);
        }),
    };
  }

  #log(
    machine: VirtualMachine,
    operation: StoreEffect["operation"],
    key: string,
    created: boolean,
    text: string,
  ): void {
    this.effects.push({ atMs: this.#time.nowMs, machine: machine.name, operation, key, created, text });
  }

  #call<T>(
    machine: VirtualMachine,
    key: StoreKey,
    options: CallOptions | undefined,
    effect: () => Promise<T>,
  ): Promise<T> {
    options?.signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const lost = (): void => reject(new SpotproofError("store-unreachable", "The network lost a packet."));
      const answer = (action: () => void): void => {
        this.#time.plan(this.#wayMs(), () => machine.deliver(action));
      };
      const fate = this.#drawFate();
      const arrive = async (): Promise<void> => {
        // A machine that crashed before its request had left: half of the time.
        if (machine.isCrashed && this.#random.next() < 0.5) return;
        if (fate === "request lost") return answer(lost);
        const result = await effect();
        this.onMoment(machine, key);
        answer(fate === "answer lost" ? lost : () => resolve(result));
      };
      const leave = (): void => {
        this.#time.plan(this.#wayMs(), () => void arrive().catch(reject));
      };
      const leavesAtOnce = this.#random.next() < 0.5;
      this.onMoment(machine, key);
      if (leavesAtOnce) leave();
      else machine.deliver(leave);
    });
  }

  #drawFate(): "well" | "request lost" | "answer lost" {
    if (this.#random.next() >= this.weather.lost) return "well";
    return this.#random.next() < 0.5 ? "request lost" : "answer lost";
  }

  #wayMs(): number {
    return randomBelow(this.#random, this.weather.longestWayMs + 1);
  }
}

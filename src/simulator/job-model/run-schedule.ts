import { type Random, parseJobName, randomBelow, seededRandom } from "../../base/index.ts";
import type { Store } from "../../store/index.ts";
import { SimulatedStore } from "../simulated-store.ts";
import { type VirtualMachine, VirtualTime } from "../virtual-time.ts";
import { type ModelRecord, brokenPromises } from "./broken-promises.ts";
import { ModelMachine, type ModelPlan, type Told } from "./model-machine.ts";

const LEASE_MS = 3000;
const HEARTBEAT_MS = 1000;
/** After it nothing bad happens any more, and a fresh machine joins. */
const CHAOS_ENDS_AT_MS = 15_000;
const PATIENCE_MS = 400_000;

/** What a schedule may differ in from the one that its seed gives. */
export interface ScheduleOptions {
  /** Sets the wall clocks of all machines to random times, again and again. */
  readonly wallClockJumps?: boolean;
  /** A bug, built into what one machine does or sees. */
  readonly mutation?: {
    readonly store?: (store: Store, job: string) => Store;
    readonly plan?: Partial<ModelPlan>;
  };
}

/** What came of a schedule. */
export interface ScheduleResult {
  /** Promises broken, as sentences. */
  readonly broken: readonly string[];
  readonly record: ModelRecord;
  readonly attempts: number;
}

/** Runs two or three machines under the pauses, crashes and losses that the seed gives, and looks at the promises. */
export async function runSchedule(seed: number, options: ScheduleOptions = {}): Promise<ScheduleResult> {
  const world = new World(seed, options);
  await world.run();
  const record = world.record();
  const broken = [...brokenPromises(record)];
  if (!world.finished) broken.push("progress: the job was not completed by a healthy machine");
  const attempts = record.told.filter((each) => each.kind === "claimed").length;
  return { broken, record, attempts };
}

class World {
  readonly #random: Random;
  readonly #jumps = seededRandom(99);
  readonly #options: ScheduleOptions;
  readonly #time: VirtualTime;
  readonly #store: SimulatedStore;
  readonly #told: Told[] = [];
  readonly #unhealthy = new Set<string>();
  readonly #all: ModelMachine[] = [];
  readonly #job = parseJobName("model");
  readonly #calm: boolean;
  readonly #lossless: boolean;
  #failure: unknown;
  finished = false;

  constructor(seed: number, options: ScheduleOptions) {
    this.#random = seededRandom(seed);
    this.#options = options;
    this.#calm = seed % 8 === 0;
    this.#lossless = this.#calm || seed % 3 !== 0;
    this.#time = new VirtualTime(seededRandom(seed ^ 0x5bd1e995));
    const ways = [0, 5, 40, 150];
    this.#store = new SimulatedStore(this.#time, seededRandom(seed ^ 0x2545f491), {
      longestWayMs: ways[randomBelow(this.#random, ways.length)] ?? 0,
      lost: this.#lossless ? 0 : 0.03,
    });
    this.#store.onMoment = (machine, key) => this.#maybeDisturb(machine, key);
  }

  async run(): Promise<void> {
    const machines = 2 + randomBelow(this.#random, 2);
    for (let i = 0; i < machines; i += 1) {
      const delayMs = randomBelow(this.#random, 3) === 0 ? 0 : randomBelow(this.#random, 6000);
      this.#time.plan(delayMs, () => this.#boot(`machine ${i + 1}`, this.#randomEndings()));
    }
    await this.#time.run(CHAOS_ENDS_AT_MS, () => this.#failure !== undefined);
    this.#store.weather = { ...this.#store.weather, lost: 0 };
    this.#store.onMoment = () => undefined;
    const last = this.#boot("the last machine", ["completed"]);
    await this.#time.run(
      CHAOS_ENDS_AT_MS + PATIENCE_MS,
      () => last.knowsCompleted || this.#failure !== undefined,
    );
    if (this.#failure !== undefined) throw this.#failure;
    this.finished = last.knowsCompleted;
  }

  record(): ModelRecord {
    const names = this.#all.map((each) => each.machine.name);
    return {
      job: this.#job,
      leaseMs: LEASE_MS,
      effects: this.#store.effects,
      told: this.#told,
      healthy: new Set(this.#lossless ? names.filter((name) => !this.#unhealthy.has(name)) : []),
    };
  }

  #boot(name: string, endings: ModelPlan["endings"]): ModelMachine {
    const machine = this.#time.machine(name);
    const plan: ModelPlan = {
      job: this.#job,
      leaseMs: LEASE_MS,
      heartbeatMs: HEARTBEAT_MS,
      seed: randomBelow(this.#random, 2 ** 31),
      stepMs: [20, 200, 1000][randomBelow(this.#random, 3)] ?? 20,
      steps: randomBelow(this.#random, 6),
      endings,
      ...this.#options.mutation?.plan,
    };
    const seen = this.#store.seenFrom(machine);
    const store = this.#options.mutation?.store?.(seen, this.#job) ?? seen;
    const model = new ModelMachine(machine, store, plan, {
      effects: () => this.#store.effects.length,
      tell: (told) => this.#told.push(told),
    });
    this.#all.push(model);
    model.live().catch((error: unknown) => {
      this.#failure = error;
    });
    return model;
  }

  #randomEndings(): ModelPlan["endings"] {
    const kinds = ["completed", "interrupted", "failed"] as const;
    const first = Array.from({ length: 3 }, () => kinds[randomBelow(this.#random, 3)] ?? "completed");
    return [...first, "completed"];
  }

  /** Each moment before and after a store call may be one at which the machine stands still or dies. */
  #maybeDisturb(machine: VirtualMachine, key: string): void {
    // A random source of its own, so that the rest of the schedule stays the same.
    if (this.#options.wallClockJumps === true) machine.shiftWallClock(randomBelow(this.#jumps, 2e9) - 1e9);
    // Around a commit there is most to go wrong.
    const share = (this.#calm ? 0.002 : 0.02) * (key.includes("/checkpoints/0") ? 5 : 1);
    if (this.#random.next() >= share || machine.isCrashed) return;
    this.#unhealthy.add(machine.name);
    if (this.#random.next() < 0.35) {
      machine.crash();
      const again = `${machine.name}'`;
      this.#time.plan(randomBelow(this.#random, 8000), () => this.#boot(again, this.#randomEndings()));
      return;
    }
    const pauses = [100, 900, LEASE_MS - 600, LEASE_MS + 400, 3 * LEASE_MS];
    machine.pause(pauses[randomBelow(this.#random, pauses.length)] ?? 0);
  }
}

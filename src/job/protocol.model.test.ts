import { describe, expect, test } from "vitest";
import { type ScheduleOptions, runSchedule } from "../simulator/job-model/run-schedule.ts";
import type { Store } from "../store/index.ts";

// Two or three machines run the real protocol under pauses, crashes and lost packets at every store call, on virtual time.
// A failure names its seed: SPOTPROOF_MODEL_SEED=<seed> runs that schedule alone.

const replayed = process.env["SPOTPROOF_MODEL_SEED"];
const SCHEDULES = 9000;
const PARTS = 6;

/** The first schedule that breaks a promise matching the pattern. */
async function findViolation(
  seeds: Iterable<number>,
  options: ScheduleOptions,
  pattern = /./,
): Promise<string | undefined> {
  for (const seed of seeds) {
    const { broken } = await runSchedule(seed, options);
    const first = broken.find((sentence) => pattern.test(sentence));
    if (first !== undefined) return `seed ${seed}: ${first}`;
  }
  return undefined;
}

function* range(begin: number, end: number): Iterable<number> {
  for (let seed = begin; seed < end; seed += 1) yield seed;
}

// Asked for, not skipped: without a seed there is nothing to run again.
if (replayed !== undefined) {
  test(`J1, J2, J3, J4: seed ${replayed} keeps every promise`, async () => {
    const { broken, record } = await runSchedule(Number(replayed));
    const told = record.effects
      .filter((effect) => effect.created)
      .map((effect) => `${effect.atMs} ${effect.machine}: ${effect.operation} ${effect.key}`);
    expect(broken, told.join("\n")).toEqual([]);
  });
}

describe.skipIf(replayed !== undefined)("in thousands of schedules of two or three machines", () => {
  const size = SCHEDULES / PARTS;
  test.each(Array.from({ length: PARTS }, (_, part) => part * size))(
    "J1, J2, J3, J4, K01, K02, K03, K05, K18, K19: every promise is kept, and a healthy machine completes the job (from seed %i)",
    { timeout: 120_000 },
    async (begin) => {
      expect(await findViolation(range(begin, begin + size), {})).toBeUndefined();
    },
  );

  test("the schedules are worth something: take-overs, hand-overs, fencing and late writes all happen", async () => {
    const seen = { lost: 0, interrupted: 0, fencedOut: 0, endedElsewhere: 0, lateManifests: 0, attempts: 0 };
    for (const seed of range(0, 300)) {
      const { record, attempts } = await runSchedule(seed);
      seen.attempts += attempts;
      const claimed = new Set<number>();
      for (const { created, key, text } of record.effects) {
        const attempt = Number(/attempts\/(\d+)\/claim/.exec(key)?.[1]);
        if (created && attempt > 0) claimed.add(attempt);
        if (created && key.endsWith("outcome.json") && text.includes(`"lost"`)) seen.lost += 1;
        if (created && key.endsWith("outcome.json") && text.includes(`"interrupted"`)) seen.interrupted += 1;
        const writer = Number(/checkpoints\/(\d+)/.exec(key)?.[1]);
        if (created && claimed.has(writer + 1)) seen.lateManifests += 1;
      }
      for (const told of record.told) {
        if (told.kind === "validity" && told.validity === "fenced-out") seen.fencedOut += 1;
        if (told.kind === "other-result" && told.result === "ended-elsewhere") seen.endedElsewhere += 1;
      }
    }
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(5);
  });

  test("K04: wall clocks that jump by days at every store call change nothing", {
    timeout: 60_000,
  }, async () => {
    for (const seed of range(0, 200)) {
      const [calm, jumping] = await Promise.all([
        runSchedule(seed),
        runSchedule(seed, { wallClockJumps: true }),
      ]);
      expect(jumping.broken, `seed ${seed}`).toEqual([]);
      const steps = (result: typeof calm): readonly string[] =>
        result.record.effects.map(
          ({ atMs, machine, operation, key }) => `${atMs} ${machine} ${operation} ${key}`,
        );
      expect(steps(jumping)).toEqual(steps(calm));
    }
  });
});

/** A store in which some calls behave otherwise. */
const changed = (store: Store, changes: Partial<Store>): Store => ({ ...store, ...changes });

describe.skipIf(replayed !== undefined)("the model finds the bug when", () => {
  const mutations: readonly (readonly [string, RegExp, NonNullable<ScheduleOptions["mutation"]>])[] = [
    ["a save is acknowledged without looking at validity", /^C5/, { plan: { acknowledgesBlindly: true } }],
    ["the lease is shorter than promised", /^J2/, { plan: { leaseMs: 1500, heartbeatMs: 400 } }],
    [
      "the heartbeat is read once and never again",
      /^J2/,
      {
        store: (store) => {
          const seen = new Map<string, Buffer | undefined>();
          return changed(store, {
            read: async (key, options) => {
              if (!key.endsWith("heartbeat.json")) return store.read(key, options);
              if (!seen.has(key)) seen.set(key, await store.read(key, options));
              return seen.get(key);
            },
          });
        },
      },
    ],
    [
      "a job is claimed without the outcome of the lost attempt",
      /^P2/,
      {
        store: (store) =>
          changed(store, {
            create: async (key, bytes, options) =>
              Buffer.concat(bytes).includes(`"lost"`) ? "created" : store.create(key, bytes, options),
          }),
      },
    ],
    [
      "the checkpoints are listed before the outcome exists",
      /^C5/,
      {
        store: (store) => {
          let first: ReturnType<Store["list"]> | undefined;
          return changed(store, { list: (prefix, options) => (first ??= store.list(prefix, options)) });
        },
      },
    ],
    [
      "a claim does not say up to which checkpoint it continues its predecessor",
      /^J1/,
      {
        store: (store) =>
          changed(store, {
            create: (key, bytes, options) => {
              if (!key.endsWith("claim.json")) return store.create(key, bytes, options);
              const claim = JSON.parse(Buffer.concat(bytes).toString()) as { attempt: number };
              const resumesFrom = `${String(claim.attempt - 1).padStart(6, "0")}-999999`;
              const text = JSON.stringify({
                ...claim,
                resumesFrom: claim.attempt === 1 ? null : resumesFrom,
              });
              return store.create(key, [Buffer.from(text)], options);
            },
          }),
      },
    ],
    [
      "an outcome replaces the one that is there",
      /^J[34]/,
      {
        store: (store) =>
          changed(store, {
            create: async (key, bytes, options) => {
              if (!key.endsWith("outcome.json")) return store.create(key, bytes, options);
              await store.replace(key, bytes, options);
              return "created";
            },
          }),
      },
    ],
    [
      "validity looks at nothing",
      /^(C5|J3)/,
      {
        store: (store) => {
          let owner = false;
          return changed(store, {
            create: async (key, bytes, options) => {
              if (key.endsWith("outcome.json")) owner = false;
              const result = await store.create(key, bytes, options);
              owner ||= key.endsWith("claim.json") && result === "created";
              return result;
            },
            read: async (key, options) =>
              owner && /(outcome|claim)\.json$/.test(key) ? undefined : store.read(key, options),
          });
        },
      },
    ],
    [
      "create is not atomic: whoever finds the key free believes to have won",
      /^(J3|J4|K02|P2|C5)/,
      {
        store: (store) =>
          changed(store, {
            create: async (key, bytes, options) => {
              if ((await store.read(key, options)) !== undefined) return "exists";
              await store.replace(key, bytes, options);
              return "created";
            },
          }),
      },
    ],
  ];

  test.each(mutations)("%s", { timeout: 60_000 }, async (_, pattern, mutation) => {
    expect(await findViolation(range(0, 1500), { mutation }, pattern)).toMatch(/seed/);
  });
});

import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { systemClock } from "../src/base/index.ts";
import { JOB, freshFolder, noise } from "../src/checkpoint/folder.fixture.ts";
import { createFolderSaver, restoreFolder } from "../src/checkpoint/index.ts";
import type { Attempt } from "../src/job/index.ts";
import type { OpenedStore } from "../src/store/opened-store.ts";
import { claim } from "./stages/claim.ts";
import { dynamoDbStage } from "./stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "./stages/moto.ts";
import { openAt, s3Fake } from "./stages/s3-stage.ts";

// What docs/guides/stores.md says that the steps of a job cost is what they cost.

const MIB = 1024 * 1024;

/** As `spotproof run` claims: a store is not asked more often than it has to be. */
const PATIENT = { heartbeatMs: 10_000, leaseMs: 30_000, ifRunning: "leave" } as const;

/** Requests by their kind. */
type Requests = Readonly<Record<string, number>>;

/** A store whose requests are counted. */
interface Counted {
  readonly open: () => Promise<OpenedStore>;
  /** The requests since the last call. */
  readonly take: () => Requests;
}

type Step = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

/** One job of 40 MiB, step by step; what each step asked of the store. */
async function measureJob({ open, take }: Counted): Promise<ReadonlyMap<string, Requests>> {
  const steps = new Map<string, Requests>();
  const step: Step = async (name, work) => {
    const result = await work();
    steps.set(name, take());
    return result;
  };
  await (await step("opening, a new store", open)).close();
  const opened = await step("opening", open);
  const attempt = await step("claim of a new job", () => claim(opened.store, PATIENT));
  const status = { phase: "running", checkpointsCommitted: 0, failuresUsed: 0, blind: [] } as const;
  await step("heartbeat", () => attempt.beat(status));
  const folder = freshFolder();
  await measureSaves(step, opened, attempt, join(folder, "ckpt"));
  const outcome = { kind: "interrupted", reason: "", failuresUsed: 0, checkpointsCommitted: 6 } as const;
  await step("end", () => attempt.end(outcome));
  const { lineage } = await step("claim of the next attempt", () => claim(opened.store, PATIENT));
  const target = { folder: join(folder, "restored"), asideName: "aside" };
  await step("restore, 40 MiB", () => restoreFolder({ store: opened.store, job: JOB, lineage, ...target }));
  await opened.close();
  return steps;
}

/** Six saves, of which the second finds nothing changed, and a prune. */
async function measureSaves(
  step: Step,
  { store }: OpenedStore,
  attempt: Attempt,
  folder: string,
): Promise<void> {
  const file = join(folder, "weights");
  mkdirSync(folder);
  writeFileSync(file, noise(40 * MIB, 1));
  const saver = createFolderSaver({ store, job: JOB, attempt: attempt.number, clock: systemClock, folder });
  const save = async (): Promise<void> => {
    const saved = await saver.save({ reason: "interval", confirm: () => attempt.validity() });
    expect(saved.kind).toBe("saved");
  };
  const change = (seed: number): void => {
    const handle = openSync(file, "r+");
    writeSync(handle, noise(MIB, seed), 0, MIB, 20 * MIB);
    closeSync(handle);
  };
  await step("first save, 40 MiB", save);
  await step("save, nothing changed", save);
  for (let seed = 2; seed < 6; seed += 1) {
    change(seed);
    await step("save, 1 MiB changed", save);
  }
  await step("prune of 6 checkpoints that removes 1", () => saver.prune({ last: 5 }));
}

/** The table of the guide: a step, and what it asks of S3 and of DynamoDB. */
const TABLE = new Map(
  [...readFileSync("docs/guides/stores.md", "utf8").matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, step = "", s3 = "", dynamoDb = ""]) => [step, { s3, dynamoDb }],
  ),
);

function requireTold(steps: ReadonlyMap<string, Requests>, store: "s3" | "dynamoDb"): void {
  const measured = [...steps].map(([step, requests]) => {
    const words = Object.entries(requests).map(([kind, count]) => `${count} ${kind}`);
    return [step, words.sort().join(", ")];
  });
  const told = [...steps.keys()].map((step) => {
    const words = TABLE.get(step)?.[store].split(", ") ?? [];
    return [step, words.sort().join(", ")];
  });
  expect(told).toEqual(measured);
}

test("docs/guides/stores.md: each step of a job asks of S3 what the table says", async () => {
  const fake = await s3Fake();
  const steps = await measureJob({
    open: () => openAt(fake.url),
    take: () => {
      const counts = Object.entries(fake.counts).map(([kind, count]) => [kind.toUpperCase(), count] as const);
      fake.resetCounts();
      return Object.fromEntries(counts);
    },
  });
  requireTold(steps, "s3");
});

describe.skipIf(motoMissing !== undefined)(
  `docs/guides/stores.md${motoMissing ? ` (${motoMissing})` : ""}`,
  () => {
    const moto = useMoto();

    test("each step of a job asks of DynamoDB what the table says", async () => {
      const stage = await dynamoDbStage(moto);
      const steps = await measureJob({
        open: () => stage.open(),
        take: () => {
          const counts: Record<string, number> = {};
          for (const name of stage.proxy.operations.splice(0)) counts[name] = (counts[name] ?? 0) + 1;
          return counts;
        },
      });
      requireTold(steps, "dynamoDb");
    }, 120_000);
  },
);

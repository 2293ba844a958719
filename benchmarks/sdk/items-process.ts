import { writeFileSync } from "node:fs";
import { type Job, runJob } from "../../src/index.ts";

// One life of a job that goes through a long list with a function that does next to nothing.

/** What the process is to do. Its only argument, as JSON. */
export interface ItemsOrder {
  readonly items: number;
  readonly isKeyed: boolean;
  /** Whether the work returns a promise for each item, 16 at once. */
  readonly isAsync: boolean;
  /** Kills itself, as a machine dies, before so many items are done. */
  readonly diesAt?: number | undefined;
  /** Reads all results afterwards, to see what is lost and what is repeated. */
  readonly verifies: boolean;
  readonly store: string;
  readonly report: string;
}

/** What it took. Times in ms. */
export interface ItemsReport {
  /** From the start of the process until the work function was called: the imports, the store, the claim. */
  readonly claimedAtMs: number;
  /** From then until the first item was begun, or, when none was left, until the list was known to be done. */
  readonly foundAfterMs: number;
  /** From the start of the process until the list was done. */
  readonly doneAtMs: number;
  /** How long `forEach` took. */
  readonly tookMs: number;
  /** Items whose function was called in this life. */
  readonly begun: number;
  /** Items that earlier lives had done, as the summary tells. */
  readonly skipped: number;
  /** Of a life that verifies. */
  readonly results?: { readonly lost: number; readonly repeated: number; readonly wrong: number };
}

const LEASE = { heartbeatMs: 250, leaseMs: 1000 };

const order = JSON.parse(process.argv[2] ?? "") as ItemsOrder;
const { items, isKeyed, isAsync, diesAt } = order;
const options = {
  store: order.store,
  ending: "return",
  allowVolatileStore: true,
  onEvent: () => undefined,
} as const;
await runJob("benchmark", { ...options, ...LEASE }, async (job) => {
  const claimedAtMs = performance.now();
  let begun = 0;
  let firstAtMs: number | undefined;
  const one = (item: number): number => {
    firstAtMs ??= performance.now();
    begun += 1;
    if (begun === diesAt) process.kill(process.pid, "SIGKILL");
    return item * 2;
  };
  const summary = await job.forEach(
    numbers(items),
    { total: items, concurrency: isAsync ? 16 : 1, ...(isKeyed ? { key: (item) => `item-${item}` } : {}) },
    isAsync ? (item) => Promise.resolve(one(item)) : one,
  );
  const doneAtMs = performance.now();
  const results = order.verifies ? await verify(job) : undefined;
  const report: ItemsReport = {
    claimedAtMs,
    foundAfterMs: (firstAtMs ?? doneAtMs) - claimedAtMs,
    doneAtMs,
    tookMs: doneAtMs - claimedAtMs,
    begun,
    skipped: summary.skipped,
    ...(results === undefined ? {} : { results }),
  };
  writeFileSync(order.report, JSON.stringify(report));
  // So that there is a next life, which finds that everything is done.
  return job.leave();
});

function* numbers(count: number): Generator<number> {
  for (let item = 0; item < count; item += 1) yield item;
}

async function verify(job: Job): Promise<ItemsReport["results"]> {
  const seen = new Uint8Array(items);
  let wrong = 0;
  for await (const outcome of job.results<number>()) {
    const item = isKeyed ? Number(outcome.key.slice("item-".length)) : outcome.index;
    seen[item] = Math.min(255, (seen[item] ?? 0) + 1);
    if (outcome.kind !== "done" || outcome.result !== item * 2) wrong += 1;
  }
  const lost = seen.filter((times) => times === 0).length;
  const repeated = seen.filter((times) => times > 1).length;
  return { lost, repeated, wrong };
}

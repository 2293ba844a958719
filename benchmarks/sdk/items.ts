import { type JudgedBar, judged } from "../shared/bars.ts";
import { countFiles, folderBytes } from "../shared/folders.ts";
import type { Section } from "../shared/section.ts";
import { table } from "../shared/tables.ts";
import { type Bench, runProcess } from "./bench.ts";
import type { ItemsReport } from "./items-process.ts";

const LEAST_PER_SECOND = 20_000;
const MOST_BYTES = 300e6;
const MOST_RESUME_MS = 2000;
const LISTS = [
  { name: "no key", isKeyed: false, isAsync: false },
  { name: "keys", isKeyed: true, isAsync: false },
  { name: "no key, a promise for each, 16 at once", isKeyed: false, isAsync: true },
] as const;

/** One list: all of it in one life, what is found in the next; and a list whose first life is killed at half. */
interface ItemsFigures {
  readonly name: string;
  readonly whole: ItemsReport;
  readonly peakBytes: number;
  readonly stored: { readonly objects: number; readonly bytes: number };
  readonly again: ItemsReport;
  readonly againPeakBytes: number;
  readonly afterKill: ItemsReport;
  readonly afterKillPeakBytes: number;
}

/** A long list of items with a function that does next to nothing. */
export async function measureItems(bench: Bench): Promise<Section> {
  const { items } = bench.options;
  const figures: ItemsFigures[] = [];
  for (const list of LISTS) figures.push(await measureList(bench, list));
  return {
    title: "Items",
    text: describe(figures, items),
    bars: judge(figures),
    missing: [],
    versions: [],
    data: figures,
  };
}

async function measureList(
  bench: Bench,
  { name, isKeyed, isAsync }: (typeof LISTS)[number],
): Promise<ItemsFigures> {
  const { workspace, options, onProgress } = bench;
  const { items } = options;
  let store = workspace.absent("store");
  const live = (more: { readonly diesAt?: number; readonly verifies: boolean }) => {
    const order = { items, isKeyed, isAsync, store, ...more };
    return runProcess(bench, {
      program: "items-process",
      order,
      dies: more.diesAt !== undefined,
    });
  };
  onProgress(`items, ${name}: all of them`);
  const whole = await live({ verifies: false });
  const stored = { objects: countFiles(store), bytes: folderBytes(store) };
  onProgress(`items, ${name}: once more, when all are done`);
  const again = await live({ verifies: false });
  onProgress(`items, ${name}: killed at half, and again`);
  store = workspace.absent("store");
  await live({ diesAt: Math.floor(items / 2), verifies: false });
  const afterKill = await live({ verifies: true });
  workspace.absent("store");
  return {
    name,
    whole: whole.report as ItemsReport,
    peakBytes: whole.sample.peakBytes,
    stored,
    again: again.report as ItemsReport,
    againPeakBytes: again.sample.peakBytes,
    afterKill: afterKill.report as ItemsReport,
    afterKillPeakBytes: afterKill.sample.peakBytes,
  };
}

function judge(figures: readonly ItemsFigures[]): readonly JudgedBar[] {
  return figures.flatMap((one) => {
    const perSecond = (one.whole.begun * 1000) / one.whole.tookMs;
    const rate = (value: number): string => `${Math.round(value).toLocaleString("en")} per second`;
    const verdict = perSecond >= LEAST_PER_SECOND ? "reached" : "missed";
    const peak = Math.max(one.peakBytes, one.againPeakBytes, one.afterKillPeakBytes);
    const bad = one.afterKill.results;
    return [
      {
        what: `items, ${one.name}: rate`,
        bar: `at least ${rate(LEAST_PER_SECOND)}`,
        reached: rate(perSecond),
        verdict,
      },
      judged(
        `items, ${one.name}: peak memory`,
        peak,
        MOST_BYTES,
        (bytes) => `${(bytes / 1e6).toFixed(0)} MB`,
      ),
      judged(`items, ${one.name}: all found done`, one.again.doneAtMs, MOST_RESUME_MS, seconds),
      judged(
        `items, ${one.name}: lost, twice in the record or wrong after a kill`,
        bad === undefined ? undefined : bad.lost + bad.repeated + bad.wrong,
        0,
        String,
      ),
    ] as const;
  });
}

function describe(figures: readonly ItemsFigures[], items: number): string {
  const half = Math.floor(items / 2);
  const rows = figures.map(({ name, whole, peakBytes, stored, again, againPeakBytes, afterKill }) => [
    name,
    `${seconds(whole.tookMs)}, ${Math.round((whole.begun * 1000) / whole.tookMs).toLocaleString("en")} per second`,
    `${(peakBytes / 1e6).toFixed(0)} MB`,
    `${stored.objects} objects, ${(stored.bytes / 1e6).toFixed(1)} MB`,
    `${seconds(again.doneAtMs)} (${(againPeakBytes / 1e6).toFixed(0)} MB)`,
    seconds(afterKill.foundAfterMs),
    (half - afterKill.skipped).toLocaleString("en"),
  ]);
  const heads = [
    "",
    "all items",
    "peak memory",
    "stored",
    "a new process finds that all are done",
    "killed at half: first item of the next life after",
    "items whose function ran twice",
  ];
  return `${items.toLocaleString("en")} items from a generator; the work doubles a number. Times of a new process count from its start, except after the kill: there they
count from the claim, as the next life has to wait until the heartbeats of the dead one are missed for the lease time. Between the kill and
the last commit before it lies the work that is done twice; in the record each item stands once.

${table(heads, rows)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}

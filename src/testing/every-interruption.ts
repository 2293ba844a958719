import { isDeepStrictEqual, inspect } from "node:util";
import { SpotproofError, reasonOf } from "../base/index.ts";
import { type Cut, describeCut } from "./cuts.ts";
import type { JobTest, JobWork, TestedEnd } from "./job-test.ts";

/** What `everyInterruption` takes. */
export interface EveryInterruptionOptions<Result> {
  /** At most so many steps are cut, spread evenly over all of them. Default 100. */
  readonly steps?: number;
  /** At most so many items are cut. Default 100. */
  readonly items?: number;
  /** Before and after at most so many saves the job is killed. Default 100. */
  readonly saves?: number;
  /** Whether two results are the same. Default: `isDeepStrictEqual`. */
  readonly same?: (result: Result, uninterrupted: Result) => boolean;
}

/** What was tried, when all results are the same. */
export interface EveryInterruptionReport<Result> {
  /** The result of the run without a cut. */
  readonly result: Result;
  /** What was tried: `interrupted at step 3 of steps` … */
  readonly cuts: readonly string[];
}

/** A cut after which the job came to another end. */
export interface DifferingCut {
  readonly cut: string;
  /** How the run ended that should have completed the job, in words. */
  readonly outcome: string;
}

/** The job does not come to the same result wherever it is interrupted. */
export class InterruptionsDiffer extends Error {
  override readonly name = "InterruptionsDiffer";
  readonly differing: readonly DifferingCut[];

  constructor(differing: readonly DifferingCut[], tried: number, uninterrupted: string) {
    const lines = differing.slice(0, 10).map(({ cut, outcome }) => `  ${cut}: ${outcome}`);
    const more = differing.length > lines.length ? [`  … and ${differing.length - lines.length} more`] : [];
    super(
      [
        `${differing.length} of ${tried} cuts lead to another result than ${uninterrupted}:`,
        ...lines,
        ...more,
      ].join("\n"),
    );
    this.differing = differing;
  }
}

/** A world in which single lives can be cut anywhere. */
interface CuttableTest extends JobTest {
  live<Result>(
    work: JobWork<Result>,
    options: { readonly cut: Cut | undefined; readonly noticeMs: number },
  ): Promise<TestedEnd<Result>>;
}

const USUAL_MOST = 100;
const NOTICE_MS = 120_000;

/** See `JobTest.everyInterruption`. */
export async function everyInterruption<Result>(
  createTest: () => CuttableTest,
  work: JobWork<Result>,
  options: EveryInterruptionOptions<Result>,
): Promise<EveryInterruptionReport<Result>> {
  const { same = isDeepStrictEqual } = options;
  const first = createTest();
  const whole = await first.run(work);
  if (whole.kind !== "completed") {
    throw new SpotproofError(
      "bad-usage",
      `The job does not come to its end even without a cut: it is ${whole.kind}.`,
    );
  }
  const result = copyOf(whole.result);
  const cuts = cutsOf(first, options);
  const differing: DifferingCut[] = [];
  for (const cut of cuts.values()) {
    const outcome = await outcomeOf(createTest(), work, cut, (other) => same(other, result));
    if (outcome !== undefined) differing.push({ cut: nameOf(cuts, cut), outcome });
  }
  if (differing.length > 0) throw new InterruptionsDiffer(differing, cuts.size, shown(result));
  return { result, cuts: [...cuts.keys()] };
}

/** By their names. */
function cutsOf(test: JobTest, options: EveryInterruptionOptions<never>): ReadonlyMap<string, Cut> {
  const { steps = USUAL_MOST, items = USUAL_MOST, saves = USUAL_MOST } = options;
  const [life] = test.lives;
  if (life === undefined) throw new SpotproofError("internal", "No life has ended.");
  const cuts = new Map<string, Cut>();
  for (const [at, count, most] of [
    ["nth-step", totalOf(life.steps), steps],
    ["nth-item", totalOf(life.items), items],
  ] as const) {
    for (const number of spread(count, most)) {
      for (const kind of ["interrupt", "crash"] as const) add(cuts, { kind, place: { at, number } });
    }
  }
  for (const number of spread(life.saves, saves)) {
    for (const side of ["before", "after"] as const)
      add(cuts, { kind: "crash", place: { at: "save", side, number } });
  }
  return cuts;
}

function add(cuts: Map<string, Cut>, cut: Cut): void {
  cuts.set(describeCut(cut), cut);
}

function nameOf(cuts: ReadonlyMap<string, Cut>, wanted: Cut): string {
  return [...cuts].find(([, cut]) => cut === wanted)?.[0] ?? describeCut(wanted);
}

function totalOf(lists: Readonly<Record<string, readonly number[]>>): number {
  return Object.values(lists).reduce((sum, list) => sum + list.length, 0);
}

/** At most `most` numbers from 1 to `count`, the first and the last among them. */
function spread(count: number, most: number): readonly number[] {
  const some = Math.min(count, Math.max(0, Math.floor(most)));
  const gap = some > 1 ? (count - 1) / (some - 1) : 0;
  return Array.from({ length: some }, (_, index) => 1 + Math.round(index * gap));
}

/** Undefined when the job comes to the same result. */
async function outcomeOf<Result>(
  test: CuttableTest,
  work: JobWork<Result>,
  cut: Cut,
  isSame: (result: Result) => boolean,
): Promise<string | undefined> {
  try {
    const first = await test.live(work, { cut, noticeMs: NOTICE_MS });
    const last = first.kind === "completed" ? first : await test.run(work);
    // Killed between the commit of the end and its answer: the result was nobody's to have.
    if (last.kind === "completed-before") return undefined;
    if (last.kind !== "completed") return `the next run is ${last.kind}`;
    return isSame(last.result) ? undefined : shown(last.result);
  } catch (error) {
    return `the work throws ${reasonOf(error)}`;
  }
}

/** What the work gives may be changed by its next run. */
function copyOf<Value>(value: Value): Value {
  try {
    return structuredClone(value);
  } catch (error) {
    if (error instanceof DOMException) return value; // something that cannot be copied is compared as it is
    throw error;
  }
}

function shown(value: unknown): string {
  const text = inspect(value, { breakLength: Number.POSITIVE_INFINITY, depth: 4 });
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Random, randomBelow, seededRandom } from "../../src/base/index.ts";
import { type Known, broken, judge, look, strangers } from "./judge.ts";
import { removeFolder } from "./states.ts";
import type { Mutant } from "./store-mutants.ts";
import type { Cut, VictimEvent, VictimOrder } from "./victim.ts";

// A job that dies again and again: each link of the chain is a process that goes on from what the one before left, in the
// same store and often in the same folder, and is killed somewhere; after each, a fresh machine looks at the store.

/** In which surroundings an attempt begins; each has its own sequence of disk operations. */
export type Surroundings = "first" | "same folder" | "fresh machine" | "mount point";

/** One kill, and what came of it. */
export interface Link {
  readonly surroundings: Surroundings;
  /** Undefined when the attempt was over before its cut came. */
  readonly cut: Cut | undefined;
  readonly restoredStep: number | undefined;
  readonly behind: number;
  readonly problems: readonly string[];
}

/** How to run a chain. Everything that happens in it follows from these. */
export interface ChainTask {
  /** The victim's program. */
  readonly victim: string;
  /** A folder for the folders of chains. */
  readonly places: string;
  readonly seed: number;
  readonly chain: number;
  readonly links: number;
  readonly mutant?: Mutant | undefined;
  /** How many disk operations an attempt of each kind has. */
  readonly operations: OperationCounts;
}

/** How many disk operations an attempt has when it is left alone: of one step, and of two. */
export type OperationCounts = Readonly<Record<Surroundings, readonly [number, number]>>;

/** How one attempt of a chain is to go. */
interface Fate {
  readonly surroundings: Surroundings;
  readonly steps: 1 | 2;
  /** Left alone without one. */
  readonly cut: Cut | undefined;
}

/** So many links go by, on average, from one judge who goes on with the job to the next; others only look. */
const LINKS_PER_JUDGEMENT = 6;
/** An attempt makes two steps in one of so many links, and else one. */
const LINKS_PER_LONG_ONE = 4;

interface Chain {
  readonly task: ChainTask;
  readonly random: Random;
  readonly root: string;
  readonly jobSeed: number;
  known: Known;
  links: number;
}

/** Runs a whole chain and removes everything that it wrote. */
export async function runChain(task: ChainTask): Promise<readonly Link[]> {
  const root = mkdtempSync(join(task.places, `chain-${task.chain}-`));
  const jobSeed = (task.seed * 7919 + task.chain) % 1_000_003;
  const random = seededRandom(jobSeed);
  const chain: Chain = {
    task,
    random,
    root,
    jobSeed,
    known: { acknowledged: undefined, begun: 0 },
    links: 0,
  };
  const links: Link[] = [];
  try {
    while (links.length < task.links) {
      const link = await killAndJudge(chain, nextFate(chain));
      links.push(link);
      if (link.problems.length > 0) return links;
    }
    links.push(await lastLink(chain));
    return links;
  } finally {
    removeFolder(root);
  }
}

function surroundingsOf({ links, random }: Chain): Surroundings {
  if (links === 0) return "first";
  return (["same folder", "fresh machine", "mount point"] as const)[randomBelow(random, 3)] ?? "same folder";
}

function nextFate(chain: Chain): Fate {
  const { operations, chain: number, links } = chain.task;
  const surroundings = surroundingsOf(chain);
  const steps = randomBelow(chain.random, LINKS_PER_LONG_ONE) === 0 ? 2 : 1;
  const points = 2 * operations[surroundings][steps - 1 === 0 ? 0 : 1];
  // Multiples of the golden ratio, modulo 1, never cluster: all cut points come up equally often.
  const turn = (number * links + chain.links) * 0.618_033_988_749_895;
  const point = Math.min(points - 1, Math.floor((turn % 1) * points));
  const side = point % 2 === 0 ? "before" : "after";
  return { surroundings, steps, cut: { operation: 1 + Math.floor(point / 2), side } };
}

/** An attempt that is left alone: it cleans up beside its folder what the dead ones left. */
async function lastLink(chain: Chain): Promise<Link> {
  const link = await killAndJudge(chain, { surroundings: "same folder", steps: 1, cut: undefined });
  const names = readdirSync(join(chain.root, "machine"));
  const left = strangers(names, /^work(\.replaced-by-attempt-\d{6})?$/, "beside the folder after all");
  return { ...link, problems: [...link.problems, ...left] };
}

async function killAndJudge(chain: Chain, fate: Fate): Promise<Link> {
  const { root, jobSeed, task, random } = chain;
  const { surroundings, cut } = fate;
  chain.links += 1;
  const victim = prepareVictim(chain, fate);
  const end = await runVictim(task.victim, victim);
  const heard = readJournal(victim.journal);
  const problems = [...problemsOfEnd(end, heard, cut), ...heard.flatMap((event) => brokenBy(event, chain))];
  const before = chain.known;
  const scene = { storeFolder: victim.plan.storeFolder, seed: jobSeed, known: before, places: root };
  const thorough = cut === undefined || randomBelow(random, LINKS_PER_JUDGEMENT) === 0;
  const judgement = thorough ? await judge(scene) : await look(scene);
  chain.known = judgement.known;
  const where = describe(chain, fate);
  return {
    surroundings,
    cut: end === "SIGKILL" ? cut : undefined,
    restoredStep: judgement.restoredStep,
    behind: before.begun - (judgement.restoredStep ?? 0),
    problems: [...problems, ...judgement.problems].map((problem) => `${where}: ${problem}`),
  };
}

/** Sets up the place where an attempt begins and says what it is to do. */
function prepareVictim(chain: Chain, { surroundings, steps, cut }: Fate): VictimOrder {
  const { root, jobSeed, task, random, links } = chain;
  const machine = join(root, "machine");
  const isFresh = surroundings === "fresh machine" || surroundings === "first";
  if (isFresh) removeFolder(machine);
  mkdirSync(machine, { recursive: true });
  return {
    plan: {
      storeFolder: join(root, "store"),
      folder: join(machine, "work"),
      seed: jobSeed,
      steps,
      pruneEvery: steps,
      pauses: randomBelow(random, 2) === 0,
    },
    cut,
    journal: join(root, `journal-${links}`),
    isMount: surroundings === "mount point",
    order: randomBelow(random, 2) === 0 ? undefined : randomBelow(random, 1_000_000),
    mutant: task.mutant,
  };
}

/** Takes note of what an event makes known; gives what is wrong with it. */
function brokenBy(event: VictimEvent, chain: Chain): readonly string[] {
  if (event.kind === "finished" || event.kind === "broken") return [];
  const problems = broken(event, chain.known);
  if (event.kind === "saving")
    chain.known = { ...chain.known, begun: Math.max(chain.known.begun, event.step) };
  if (event.kind === "saved") chain.known = { ...chain.known, acknowledged: event.step };
  return problems;
}

function problemsOfEnd(end: string, heard: readonly VictimEvent[], cut: Cut | undefined): readonly string[] {
  const last = heard.at(-1);
  if (last?.kind === "broken") return [`The attempt broke: ${last.error}`];
  if (end === "SIGKILL" && cut !== undefined) return [];
  return last?.kind === "finished" ? [] : [`The attempt ended with ${end} and without a word.`];
}

function readJournal(journal: string): readonly VictimEvent[] {
  const lines = readFileSync(journal, { encoding: "utf8", flag: "a+" }).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as VictimEvent);
}

/** Runs a victim to its end and gives the signal or the status that it ended with. */
export function runVictim(program: string, order: VictimOrder): Promise<string> {
  return new Promise((resolve, reject) => {
    // Without an environment: extra certificates that are named there would cost more than all the rest.
    const child = spawn(process.execPath, [program, JSON.stringify(order)], { env: {}, stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", (status, signal) => resolve(signal ?? `status ${status}`));
  });
}

/** Counts the disk operations of every kind of attempt, left alone. */
export async function countOperations(
  victim: string,
  places: string,
  seed: number,
): Promise<OperationCounts> {
  const root = mkdtempSync(join(places, "count-"));
  const machine = join(root, "machine");
  const storeFolder = join(root, "store");
  let lives = 0;
  const count = async (surroundings: Surroundings, steps: number): Promise<number> => {
    lives += 1;
    if (surroundings === "first") removeFolder(storeFolder);
    if (surroundings === "fresh machine") removeFolder(machine);
    mkdirSync(machine, { recursive: true });
    const journal = join(root, `journal-${lives}`);
    const plan = { storeFolder, folder: join(machine, "work"), seed, steps, pruneEvery: steps, pauses: true };
    const isMount = surroundings === "mount point";
    await runVictim(victim, { plan, cut: undefined, journal, isMount, order: undefined, mutant: undefined });
    const end = readJournal(journal).at(-1);
    if (end?.kind === "finished") return end.operations;
    throw new Error(`An attempt that nobody killed ended so: ${JSON.stringify(end)}`);
  };
  const both = async (surroundings: Surroundings): Promise<readonly [number, number]> => [
    await count(surroundings, 1),
    await count(surroundings, 2),
  ];
  try {
    const first = await both("first");
    const [same, fresh] = [await both("same folder"), await both("fresh machine")];
    return { first, "same folder": same, "fresh machine": fresh, "mount point": await both("mount point") };
  } finally {
    removeFolder(root);
  }
}

function describe(chain: Chain, { surroundings, steps, cut }: Fate): string {
  const { seed, chain: number, links } = chain.task;
  const where = cut === undefined ? "left alone" : `killed ${cut.side} operation ${cut.operation}`;
  const what = `link ${chain.links} of ${links}, ${surroundings}, ${steps} step(s), ${where}`;
  return `KILL_SEED=${seed} KILL_CHAIN=${number}: ${what}`;
}

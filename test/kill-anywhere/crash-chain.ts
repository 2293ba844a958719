import { mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Random, randomBelow, seededRandom } from "../../src/base/index.ts";
import { type Judgement, type Known, broken, judge, look } from "./judge.ts";
import { type Victim, readJournal, runVictim } from "./run-victim.ts";
import { type OperationCounts, type Surroundings, countPoints, cutAt, placeOfStore } from "./setting.ts";
import { removeFolder } from "./states.ts";
import { type WrittenCall, carryOut } from "./store-calls.ts";
import type { Mutant } from "./store-mutants.ts";
import { type Stored, strangers } from "./stored.ts";
import type { Cut, VictimEvent, VictimOrder } from "./victim-order.ts";

// A job that dies again and again: each link of the chain is a process that goes on from what the one before left, in the
// same store and often in the same folder, and is killed somewhere; after each, a fresh machine looks at the store.

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
export interface ChainTask extends Victim {
  /** A folder for the folders of chains. */
  readonly places: string;
  readonly seed: number;
  readonly chain: number;
  readonly links: number;
  readonly mutant?: Mutant | undefined;
  /** Kills within two calls of the first that begins so, instead of anywhere. */
  readonly since?: string | undefined;
  /** How many operations an attempt of each kind has. */
  readonly operations: OperationCounts;
}

/** How one attempt of a chain is to go. */
interface Fate {
  readonly surroundings: Surroundings;
  readonly steps: 1 | 2;
  /** Left alone without one. */
  readonly cut: Cut | undefined;
}

/** So many links go by, on average, from one judge who goes on with the job to the next; others only look. */
const LINKS_PER_JUDGEMENT = 6;
/** So many calls of the store a judge makes before it has saved, about. */
const CALLS_OF_JUDGE = 60;
/** An attempt makes two steps in one of so many links, and else one. */
const LINKS_PER_LONG_ONE = 4;

interface Chain {
  readonly task: ChainTask;
  readonly random: Random;
  readonly root: string;
  readonly jobSeed: number;
  readonly store: string;
  readonly stored: Stored;
  known: Known;
  links: number;
}

/** Runs a whole chain and removes everything that it wrote. */
export async function runChain(
  task: ChainTask,
  storedAt: (place: string) => Stored,
): Promise<readonly Link[]> {
  const root = mkdtempSync(join(task.places, `chain-${task.chain}-`));
  const jobSeed = (task.seed * 7919 + task.chain) % 1_000_003;
  const store = placeOfStore(task.setting, root);
  const chain: Chain = {
    task,
    random: seededRandom(jobSeed),
    root,
    jobSeed,
    store,
    stored: storedAt(store),
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

function surroundingsOf({ links, random, task }: Chain): Surroundings {
  if (links === 0) return "first";
  const { surroundings } = task.setting;
  return surroundings[randomBelow(random, surroundings.length)] ?? "same folder";
}

function nextFate(chain: Chain): Fate {
  const { operations, chain: number, links, setting } = chain.task;
  const surroundings = surroundingsOf(chain);
  const steps = randomBelow(chain.random, LINKS_PER_LONG_ONE) === 0 ? 2 : 1;
  const counted = operations[surroundings]?.[steps === 1 ? 0 : 1];
  if (counted === undefined) throw new Error(`Nobody counted the operations of: ${surroundings}.`);
  const { since } = chain.task;
  if (since !== undefined) {
    const side = randomBelow(chain.random, 2) === 0 ? "before" : "after";
    return { surroundings, steps, cut: { operation: 1 + randomBelow(chain.random, 2), side, since } };
  }
  const points = countPoints(setting, counted);
  // Multiples of the golden ratio, modulo 1, never cluster: all cut points come up equally often.
  const turn = (number * links + chain.links) * 0.618_033_988_749_895;
  const point = Math.min(points - 1, Math.floor((turn % 1) * points));
  return { surroundings, steps, cut: cutAt(setting, counted, point) };
}

/** An attempt that is left alone: it cleans up beside its folder what the dead ones left. */
async function lastLink(chain: Chain): Promise<Link> {
  const link = await killAndJudge(chain, { surroundings: "same folder", steps: 1, cut: undefined });
  const names = readdirSync(join(chain.root, "machine"));
  const left = strangers(names, /^work(\.replaced-by-attempt-\d{6})?$/, "beside the folder after all");
  return { ...link, problems: [...link.problems, ...left] };
}

async function killAndJudge(chain: Chain, fate: Fate): Promise<Link> {
  const { task, random } = chain;
  const { surroundings, cut } = fate;
  chain.links += 1;
  const victim = prepareVictim(chain, fate);
  const end = await runVictim(task, victim);
  const heard = readJournal(victim.journal);
  const problems = [...problemsOfEnd(end, heard, cut), ...heard.flatMap((event) => brokenBy(event, chain))];
  const before = chain.known;
  const thorough = cut === undefined || randomBelow(random, LINKS_PER_JUDGEMENT) === 0;
  const held = heard.find((event) => event.kind === "under way")?.call;
  const judgement = await judgeStore(chain, thorough, held);
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

/** A call that was under way when its process died arrives before the judge, while it works, after it, or never. */
async function judgeStore(
  { root, jobSeed, known, stored, random }: Chain,
  thorough: boolean,
  held: WrittenCall | undefined,
): Promise<Judgement> {
  const scene = { stored, seed: jobSeed, known, places: root };
  if (held === undefined) return thorough ? judge(scene) : look(scene);
  const arrives = randomBelow(random, 4);
  const arrive = async (): Promise<void> => {
    const opened = await stored.open("write");
    if (opened === undefined) return;
    await carryOut(opened.store, held);
    await opened.close();
  };
  if (arrives === 0) await arrive();
  const late = { beforeCall: 1 + randomBelow(random, CALLS_OF_JUDGE), written: held };
  const judgement = thorough ? await judge(arrives === 1 ? { ...scene, late } : scene) : await look(scene);
  if (arrives === 2 || (arrives === 1 && !thorough)) await arrive();
  return judgement;
}

/** Sets up the place where an attempt begins and says what it is to do. */
function prepareVictim(chain: Chain, { surroundings, steps, cut }: Fate): VictimOrder {
  const { root, jobSeed, task, random, links, store } = chain;
  const machine = join(root, "machine");
  const isFresh = surroundings === "fresh machine" || surroundings === "first";
  if (isFresh) removeFolder(machine);
  mkdirSync(machine, { recursive: true });
  return {
    plan: {
      store,
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
  if (event.kind === "finished" || event.kind === "broken" || event.kind === "under way") return [];
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

function describe(chain: Chain, { surroundings, steps, cut }: Fate): string {
  const { seed, chain: number, links } = chain.task;
  const where = cut === undefined ? "left alone" : `killed ${cut.side} operation ${cut.operation}`;
  const what = `link ${chain.links} of ${links}, ${surroundings}, ${steps} step(s), ${where}`;
  return `KILL_SEED=${seed} KILL_CHAIN=${number}: ${what}`;
}

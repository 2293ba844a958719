import { setTimeout as sleep } from "node:timers/promises";
import type { Lane } from "./lane.ts";
import type { Screen } from "./screen.ts";

/** One interruption of the demo. */
export interface Interruption {
  /** It comes when the surviving job has done this share of its work. */
  readonly atShare: number;
  /** How long before the end of the machine it is announced, in ms; 0 = not at all. */
  readonly leadMs: number;
}

/** The two jobs and where their machines stand. */
export interface Fleet {
  readonly folder: string;
  readonly asWritten: Lane;
  readonly withSpotproof: Lane;
  readonly screen: Screen;
  /** Ends the course early. */
  readonly signal: AbortSignal;
}

/** The exit status by which Spotproof says: interrupted, saved, start me again. */
const INTERRUPTED = 75;

/** On each machine the surviving job does at least this share of its work. */
const LEAST_SHARE = 0.05;

/**
 * Lets both jobs live through the same interruptions, machine by machine, and then leaves them alone until they end.
 * @throws Error when something happens that must not, such as a job that fails; the signal's reason when it aborts
 */
export function runCourse(fleet: Fleet, interruptions: readonly Interruption[]): Promise<void> {
  const { signal } = fleet;
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    takeCourse(fleet, interruptions).then(resolve, reject);
  });
}

async function takeCourse(fleet: Fleet, interruptions: readonly Interruption[]): Promise<void> {
  for (const [index, interruption] of interruptions.entries()) {
    await rentMachines(fleet, index + 1);
    await interrupt(fleet, interruption, index + 1);
  }
  await rentMachines(fleet, interruptions.length + 1);
  await Promise.all([finish(fleet, fleet.withSpotproof), finish(fleet, fleet.asWritten)]);
}

async function rentMachines(fleet: Fleet, number: number): Promise<void> {
  const { asWritten, withSpotproof, screen } = fleet;
  await asWritten.startOnNewMachine(fleet.folder, `${number}-left`);
  await withSpotproof.startOnNewMachine(fleet.folder, `${number}-right`);
  screen.tell(`machine ${number} begins: a new, empty folder for each job`);
  void tellWhereItBegins(fleet, asWritten);
  void tellWhereItBegins(fleet, withSpotproof);
}

async function tellWhereItBegins({ screen }: Fleet, lane: Lane): Promise<void> {
  const { ledger } = lane;
  const attempt = ledger.attempts.length;
  if (attempt === 0) return;
  await ledger.begins(attempt + 1);
  const from = ledger.attempts[attempt]?.from ?? 0;
  screen.tell(
    from === 0
      ? `  ${lane.title}: starts again from nothing`
      : `  ${lane.title}: goes on after step ${from.toLocaleString("en")}`,
  );
}

async function interrupt(fleet: Fleet, interruption: Interruption, number: number): Promise<void> {
  const { asWritten, withSpotproof, screen } = fleet;
  const { ledger } = withSpotproof;
  // Never before the job has done something on this machine, even where this computer turns out faster than thought.
  const share = Math.max(interruption.atShare, ledger.step / ledger.total + LEAST_SHARE);
  const reached = ledger.reaches(Math.ceil(ledger.total * share)).then(() => "reached" as const);
  const first = await Promise.race([reached, withSpotproof.ends(), asWritten.ends()]);
  if (first !== "reached") throw new Error(`A job ended on machine ${number} before it was interrupted.`);
  if (interruption.leadMs > 0) {
    for (const lane of [asWritten, withSpotproof]) lane.machine.announceEnd(interruption.leadMs);
    screen.tell(`machine ${number} is announced to go away in ${interruption.leadMs / 1000} s`);
    void tellHowItEnds(fleet, interruption.leadMs);
    await sleep(interruption.leadMs, undefined, { signal: fleet.signal });
  }
  const how = interruption.leadMs > 0 ? "as announced" : "without any notice";
  await Promise.all([asWritten.loseMachine(), withSpotproof.loseMachine()]);
  screen.tell(`machine ${number} is gone, ${how}: kill -9 for every process, folders removed`);
}

async function tellHowItEnds({ withSpotproof, screen }: Fleet, leadMs: number): Promise<void> {
  const announcedMs = performance.now();
  const end = await withSpotproof.ends();
  if (end.status !== INTERRUPTED) return;
  const leftSeconds = (leadMs - (performance.now() - announcedMs)) / 1000;
  const step = withSpotproof.ledger.step.toLocaleString("en");
  screen.tell(
    `  ${withSpotproof.title}: saved at step ${step}, ended ${leftSeconds.toFixed(1)} s before the machine`,
  );
}

async function finish({ screen }: Fleet, lane: Lane): Promise<void> {
  const end = await lane.ends();
  if (end.status !== 0) {
    const how = end.signal === null ? `status ${end.status}` : end.signal;
    throw new Error(`${lane.title}: the job ended with ${how}.\n${lane.machine.lastWords.join("\n")}`);
  }
  screen.tell(`  ${lane.title}: done, ${lane.ledger.result?.accuracy} of the held-back digits right`);
}

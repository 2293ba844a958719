import colors from "picocolors";
import type { Interruption } from "./course.ts";
import type { Lane } from "./lane.ts";
import type { Ledger } from "./ledger.ts";

/** What was seen when both jobs had ended. */
export interface Evidence {
  readonly asWritten: Lane;
  readonly withSpotproof: Lane;
  readonly interruptions: readonly Interruption[];
  /** The trained weights that the job as written left on its last machine. */
  readonly asWrittenWeights: Buffer;
  /** The trained weights as they came back out of the store, after every machine was gone. */
  readonly withSpotproofWeights: Buffer;
}

/** One thing that was promised, and whether it came true. */
export interface Verdict {
  readonly promise: string;
  readonly kept: boolean;
}

/** Holds what was seen against what Spotproof promises. */
export function judge(evidence: Evidence): Verdict[] {
  const { asWritten, withSpotproof, interruptions } = evidence;
  const { ledger } = withSpotproof;
  const noticed = interruptions.flatMap((interruption, index) => (interruption.leadMs > 0 ? [index] : []));
  const accuracy = Number.parseFloat(ledger.result?.accuracy ?? "0");
  return [
    {
      promise: `the job was interrupted ${interruptions.length} times and finished`,
      kept: ledger.attempts.length === interruptions.length + 1 && ledger.result !== undefined,
    },
    {
      promise: "no step was repeated after an interruption with notice",
      kept: noticed.every((at) => nothingLost(ledger, at)),
    },
    {
      promise: "without notice it went on from a checkpoint, not from nothing",
      kept: ledger.attempts.slice(1).every((attempt) => attempt.from > 0),
    },
    {
      promise: "its weights equal, bit for bit, those of the training that ran in one piece",
      kept:
        ranInOnePiece(asWritten.ledger) && evidence.asWrittenWeights.equals(evidence.withSpotproofWeights),
    },
    { promise: "it tells more than 95 % of the held-back digits right", kept: accuracy > 95 },
  ];
}

/** Whether the attempt after attempt `index` began exactly where that one stopped. */
function nothingLost(ledger: Ledger, index: number): boolean {
  const [ended, next] = [ledger.attempts[index], ledger.attempts[index + 1]];
  return ended?.saved !== undefined && ended.saved === ended.reached && ended.saved === next?.from;
}

/** Whether its last attempt did every step, first to last, by itself. */
function ranInOnePiece(ledger: Ledger): boolean {
  const last = ledger.attempts.at(-1);
  return last?.from === 0 && last.reached === ledger.total;
}

/** The two jobs side by side, and the verdicts. */
export function reportOf(evidence: Evidence, verdicts: readonly Verdict[]): string {
  const lanes = [evidence.asWritten, evidence.withSpotproof] as const;
  const row = (name: string, cell: (lane: Lane) => string): string =>
    `  ${name.padEnd(28)}${lanes.map((lane) => cell(lane).padEnd(30)).join("")}`.trimEnd();
  const table = [
    colors.bold(row("", (lane) => lane.title)),
    row("attempts", (lane) => String(lane.ledger.attempts.length)),
    row("began after step", (lane) => lane.ledger.attempts.map((attempt) => attempt.from).join(", ")),
    row("steps of work done", (lane) => count(lane.ledger.workDone)),
    row(
      "  of them useful",
      (lane) => `${count(lane.ledger.total)} (${share(lane.ledger.total, lane.ledger.workDone)})`,
    ),
    row("  of them lost and repeated", (lane) => count(lane.ledger.repeated)),
    row("time until done", (lane) => `${((lane.tookMs ?? 0) / 1000).toFixed(1)} s`),
    row("held-back digits right", (lane) => lane.ledger.result?.accuracy ?? "none"),
    row("weights (SHA-256 begins)", (lane) => lane.ledger.result?.weights ?? "none"),
    row("verdict", (lane) => verdictOf(lane)),
  ];
  const marks = verdicts.map(
    ({ promise, kept }) => `  ${kept ? colors.green("kept  ") : colors.red("BROKEN")}  ${promise}`,
  );
  const explanation =
    "  Lost with Spotproof: what was done after the last checkpoint before the one end without notice. Steps are counted\n" +
    "  from the lines that the jobs print, one every 10 steps.";
  return `\n${table.join("\n")}\n\n${explanation}\n\n${marks.join("\n")}\n`;
}

function verdictOf(lane: Lane): string {
  const restarts = lane.ledger.attempts.slice(1);
  const fromNothing = restarts.filter((attempt) => attempt.from === 0).length;
  return fromNothing > 0
    ? `began again from 0, ${fromNothing} times`
    : `went on each time, ${restarts.length} times`;
}

function count(steps: number): string {
  return steps.toLocaleString("en");
}

function share(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`;
}

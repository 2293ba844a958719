import { formatDuration } from "../../base/index.ts";
import type { InterruptionHappening, JobAttempt, RehearsalRecord } from "../rehearsal/record.ts";
import type { JobVerdict, RehearsalFinding } from "../verdict/verdict.ts";

// Sentences that the terminal's report and the page have in common.

const MEANING =
  "Spot-proof: its machine can be taken away at any moment, and the job still finishes, with the same result.";

/** What the big word means, for somebody who has never heard it, and which part of it nobody looked at. */
export function meaningOfSpotProof({ spotProof, totals }: JobVerdict): string {
  return spotProof && totals.outputsSame === undefined
    ? `${MEANING} Here nobody compared its result: --expect-same names the files that hold it.`
    : MEANING;
}

/** The verdict in one word. */
export function bigWord(spotProof: boolean): string {
  return spotProof ? "SPOT-PROOF" : "NOT SPOT-PROOF";
}

/** What a severity means. */
export const SEVERITY_WORDS: Readonly<Record<RehearsalFinding["severity"], string>> = {
  fails: "fails",
  warns: "a warning",
  allowed: "allowed",
};

/** `3 attempts`, `1 attempt`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${wholeNumber(count)} ${count === 1 ? one : many}`;
}

/** With separators: `10,000`. */
export function wholeNumber(count: number): string {
  return (Number.isInteger(count) ? count : Number(count.toFixed(2))).toLocaleString("en");
}

/** `87 %`; never 100 % of what is not whole, never 0 % of what is something. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 99 && value < 100) return `${Math.min(99.9, Number(value.toFixed(1)))} %`;
  return value > 0 && value < 1 ? `${Math.max(0.1, Number(value.toFixed(1)))} %` : `${Math.round(value)} %`;
}

/** `12.3 s`; nothing for what did not happen. */
export function moment(ms: number | undefined): string {
  return ms === undefined ? "" : formatDuration(ms);
}

/** What was done with time. */
export function speedWords(record: RehearsalRecord): string {
  const { speed } = record;
  if (speed === 1) return "Nothing was shortened: deadlines and intervals were as long as in the cloud.";
  const factor = wholeNumber(Number(speed.toPrecision(3)));
  return `Deadlines and intervals ran ${factor} times faster; the command's own work did not. A notice of 2 minutes was ${formatDuration(120_000 / speed)} long. Times in this report are real time.`;
}

/** What set the interruptions off, and what of that comes again with the same seed. */
export function pacingWords(record: RehearsalRecord): string {
  return record.pacedBy === "progress"
    ? "Interruptions came at shares of the progress that the job reported: the same seed gives the same interruptions at the same points of its work."
    : "Interruptions came at shares of the job's working time, for it reports no progress: the same seed gives the same interruptions at about the same times.";
}

/** Where it ran, and how far its machines were kept apart. */
export function computerWords(record: RehearsalRecord): string {
  const { computer } = record;
  const isolation =
    computer.isolation === "namespaces"
      ? "every machine had its own /tmp, working folder and processes"
      : "every machine had its own TMPDIR and its own copy of the working folder; /tmp itself was shared";
  return `It ran on one computer (${computer.platform}, ${counted(computer.cores, "core")}, Node ${computer.node}): ${isolation}.`;
}

/** What this rehearsal was, and what it cannot tell: the record's own notes come last. */
export function notesOf(record: RehearsalRecord): readonly string[] {
  return [speedWords(record), pacingWords(record), computerWords(record), ...record.notes];
}

/** What an interruption did in the end, with its moment. */
export function interruptionEnd(interruption: InterruptionHappening): string {
  const { skipped, cancelledMs, pausedMs, wokeMs, endMs } = interruption;
  if (skipped === true) return "never came";
  const happened = [
    cancelledMs === undefined ? "" : `taken back at ${formatDuration(cancelledMs)}`,
    pausedMs === undefined ? "" : `stood still at ${formatDuration(pausedMs)}`,
    wokeMs === undefined ? "" : `woke at ${formatDuration(wokeMs)}`,
    endMs === undefined ? "" : `gone at ${formatDuration(endMs)}`,
  ].filter((part) => part !== "");
  return happened.length === 0 ? "nothing ended" : happened.join(", ");
}

/** Its notice: `3.0 s before the end`. */
export function noticeWords(interruption: InterruptionHappening): string {
  const { noticeMs, leadMs, action } = interruption;
  if (noticeMs === undefined) return interruption.rebalanceMs === undefined ? "none" : "recommendation only";
  const verb = action === undefined ? "" : `${action}, `;
  return `${verb}at ${formatDuration(noticeMs)}${leadMs === undefined ? "" : `, ${formatDuration(leadMs)} ahead`}`;
}

const END_WORDS: Readonly<Record<JobAttempt["end"]["kind"], string>> = {
  completed: "completed",
  interrupted: "interrupted",
  failed: "failed",
  died: "died with its machine",
  "fenced-out": "fenced out",
  unfinished: "unfinished",
};

/** How an attempt ended, with the status or signal where there is one that says something. */
export function attemptEnd({ end }: JobAttempt): string {
  const words = END_WORDS[end.kind];
  if (end.signal !== undefined && end.signal !== null) return `${words} (${end.signal})`;
  return end.status === undefined || end.status === null || end.status === 0
    ? words
    : `${words} (status ${end.status})`;
}

/** Whether anything was rehearsed: not when a job failed alone. */
export function wasRehearsed(record: RehearsalRecord): boolean {
  return record.jobs.some(({ machines }) => machines.length > 0);
}

/** What is said under the command that repeats a rehearsal. */
export const REPEAT_NOTE = "The seed repeats the interruptions.";

/** The command line that repeats a rehearsal; one that was not kept, as far as the record knows it. */
export function repeatCommand(record: RehearsalRecord): string {
  if (record.repeat !== undefined) return record.repeat;
  const job = record.jobs.find((candidate) => candidate.id === "job");
  const compared = record.jobs.find((candidate) => candidate.id === "compare");
  const words = [
    "npx spotproof rehearse",
    `--scenario ${shellWord(record.plan.scenario)}`,
    `--seed ${record.plan.seed}`,
    record.speed === 1 ? "" : `--speed ${Number(record.speed.toPrecision(6))}x`,
    job?.supervised === false ? "--as-written" : "",
    ...(job?.outputs ?? []).map((output) => `--expect-same ${shellWord(output.path)}`),
    compared === undefined ? "" : `--compare ${shellWord(compared.command)}`,
    `-- ${job?.command ?? ""}`,
  ];
  return words.filter((word) => word !== "").join(" ");
}

function shellWord(text: string): string {
  return /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

import { formatDuration } from "../../base/index.ts";
import type { JudgedJob } from "./judged-jobs.ts";
import { durationLike } from "./time-axis.ts";
import { counted, percent, wholeNumber } from "./words.ts";

/** A line of the table of numbers: the same thing about one job or both. */
export interface Fact {
  readonly label: string;
  /** One for each job. */
  readonly cells: readonly FactCell[];
}

/** What is said about one job. */
export interface FactCell {
  readonly text: string;
  /** `bad`: it is a reason for a bad verdict, or could become one. */
  readonly tone: "good" | "bad" | "plain";
}

const plain = (text: string): FactCell => ({ text, tone: "plain" });
const good = (text: string): FactCell => ({ text, tone: "good" });
const bad = (text: string): FactCell => ({ text, tone: "bad" });

/** The numbers, in the order in which a reader asks for them. */
export function factsOf(jobs: readonly JudgedJob[]): readonly Fact[] {
  const fact = (label: string, cell: (job: JudgedJob) => FactCell): Fact => ({
    label,
    cells: jobs.map(cell),
  });
  return [
    fact("finished", finished),
    fact("result as when run alone", result),
    fact("interruptions", ({ verdict }) => plain(wholeNumber(verdict.totals.interruptions))),
    fact("attempts", ({ verdict }) => plain(wholeNumber(verdict.totals.attempts))),
    fact("notices", notices),
    fact("lost work, all in all", lost),
    fact("worst single loss", worstLost),
    fact("goodput, of machine time", ({ verdict }) => plain(percent(verdict.totals.goodput))),
    fact("saves", ({ verdict }) => plain(wholeNumber(verdict.totals.saves))),
    fact("longest save", longestSave),
    fact("longest restore", longestRestore),
    fact("killed by force", killed),
    fact("left behind", leftBehind),
    fact("caught half-written", halfWritten),
  ];
}

function finished({ job, verdict }: JudgedJob): FactCell {
  if (!verdict.totals.finished) return bad(job.gaveUp === undefined ? "never" : `never: ${job.gaveUp}`);
  const after = job.finishedMs === undefined ? "yes" : `after ${formatDuration(job.finishedMs)}`;
  return good(job.alone === undefined ? after : `${after} (alone: ${formatDuration(job.alone.tookMs)})`);
}

/** The lead that was received and used. Nobody listens for a job that is run as it is written. */
function notices({ job, verdict }: JudgedJob): FactCell {
  const given = verdict.totals.notices;
  if (given.length === 0) return plain("none");
  if (!job.supervised) return plain(`${given.length}, nobody listened`);
  const heard = given.filter(({ heardAfterMs }) => heardAfterMs !== undefined);
  const late = Math.max(0, ...heard.map(({ heardAfterMs = 0 }) => heardAfterMs));
  const left = heard.flatMap((use) => (use.leftBeforeEndMs === undefined ? [] : [use]));
  const closest = left.reduce(
    (a, b) => ((b.leftBeforeEndMs ?? 0) < (a?.leftBeforeEndMs ?? Number.POSITIVE_INFINITY) ? b : a),
    left[0],
  );
  const used =
    closest === undefined
      ? ""
      : `, gone ${formatDuration(closest.leftBeforeEndMs ?? 0)} before the end of ${formatDuration(closest.leadMs)} at the latest`;
  const words = `${heard.length} of ${given.length} heard${heard.length === 0 ? "" : ` within ${formatDuration(late)}`}${used}`;
  return heard.length === given.length && left.length === heard.length ? good(words) : plain(words);
}

function result({ job, verdict }: JudgedJob): FactCell {
  if (job.outputs.length === 0) return plain("not compared: no output was declared");
  const differing = job.outputs.filter((output) => output.result !== "same");
  if (differing.length > 0) {
    const named = differing.map((output) => `${output.path} ${RESULT_WORDS[output.result]}`);
    return bad(listed(named, 3));
  }
  const fleeting = job.outputs.filter((output) => !output.durable);
  if (fleeting.length > 0)
    return bad(
      `same, but not durable: ${listed(
        fleeting.map(({ path }) => path),
        3,
      )}`,
    );
  const words = `same: ${listed(
    job.outputs.map(({ path }) => path),
    3,
  )}`;
  return verdict.totals.outputsSame === false ? bad(words) : good(words);
}

const RESULT_WORDS = {
  same: "is the same",
  different: "differs",
  missing: "is missing",
  "missing-alone": "was not made by the run alone either",
} as const;

function lost({ verdict }: JudgedJob): FactCell {
  const { lostMs, lostProgress, unit, usefulMs } = verdict.totals;
  if (!(lostMs > 0) && !((lostProgress ?? 0) > 0)) return good("none");
  const units = !((lostProgress ?? 0) > 0) ? "" : ` and ${wholeNumber(lostProgress ?? 0)} ${unit ?? "units"}`;
  return plain(`${durationLike(lostMs, 1000)}${units} (useful: ${formatDuration(usefulMs)})`);
}

function worstLost({ verdict }: JudgedJob): FactCell {
  return verdict.totals.worstLostMs > 0
    ? plain(durationLike(verdict.totals.worstLostMs, 1000))
    : good("none");
}

function longestSave({ verdict }: JudgedJob): FactCell {
  const { longestSaveMs, shortestLeadMs } = verdict.totals;
  if (longestSaveMs === undefined) return plain("no save");
  if (shortestLeadMs === undefined)
    return plain(`${formatDuration(longestSaveMs)}; no notice to compare with`);
  const words = `${durationLike(longestSaveMs, shortestLeadMs)} of the ${formatDuration(shortestLeadMs)} of the shortest notice`;
  return longestSaveMs > shortestLeadMs ? bad(words) : good(words);
}

function longestRestore({ verdict }: JudgedJob): FactCell {
  const { longestRestoreMs } = verdict.totals;
  return plain(longestRestoreMs === undefined ? "no restore" : formatDuration(longestRestoreMs));
}

/** What only a finding can call bad: a job may leave a cache behind and be none the worse for it. */
function suspect({ verdict }: JudgedJob, text: string): FactCell {
  return { text, tone: verdict.spotProof ? "plain" : "bad" };
}

function killed(judged: JudgedJob): FactCell {
  const { attempts, machines } = judged.job;
  const whenAsked = attempts.flatMap((attempt) => attempt.killed);
  // At an end without notice everything is alive: only those count that had time to end. Nobody counts twice.
  const atEnd = machines
    .filter((machine) => machine.end === "interrupted")
    .flatMap((machine) => machine.aliveAtEnd)
    .filter((name) => !whenAsked.includes(name));
  const names = [...whenAsked, ...atEnd];
  if (names.length === 0) return good("none");
  return suspect(
    judged,
    `${counted(names.length, "process", "processes")}: ${listed([...new Set(names)], 3)}`,
  );
}

function leftBehind(judged: JudgedJob): FactCell {
  const paths = [...new Set(judged.job.leftBehind.map((file) => file.path))];
  if (paths.length === 0) return good("nothing");
  return suspect(judged, `${counted(paths.length, "file")}: ${listed(paths, 3)}`);
}

function halfWritten(judged: JudgedJob): FactCell {
  const files = judged.job.halfWritten;
  const paths = [...new Set(files.map((file) => file.path))];
  if (paths.length === 0) return good("nothing");
  const restored = files.some((file) => file.restored) ? "; a later attempt was restored from it" : "";
  return suspect(judged, `${counted(paths.length, "file")}: ${listed(paths, 3)}${restored}`);
}

/** `a, b, c and 12 more`. */
function listed(names: readonly string[], most: number): string {
  const shown = names.slice(0, most).join(", ");
  return names.length > most ? `${shown} and ${wholeNumber(names.length - most)} more` : shown;
}

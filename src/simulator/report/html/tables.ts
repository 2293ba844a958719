import { formatDuration } from "../../../base/index.ts";
import type { JobAttempt, RehearsalRecord, RehearsedJob } from "../../rehearsal/record.ts";
import { type FactCell, factsOf } from "../facts.ts";
import type { JudgedJob } from "../judged-jobs.ts";
import { attemptEnd, counted, interruptionEnd, moment, noticeWords, wholeNumber } from "../words.ts";
import { type Markup, type Piece, code, foreign, html } from "./markup.ts";

/** A table that becomes a list of cards where there is no room: every cell carries its heading. */
function stacked(caption: string, heading: readonly string[], rows: readonly (readonly Piece[])[]): Markup {
  const cell = (piece: Piece, index: number): Markup => {
    const label = heading[index] ?? "";
    // Its display changes with the width, and with it what it is to a screen reader: hence the roles.
    return index === 0
      ? html`<th role="rowheader" scope="row" data-label="${label}"><span>${piece}</span></th>`
      : html`<td role="cell" data-label="${label}"><span>${piece}</span></td>`;
  };
  return html`<table class="stacked" role="table" aria-label="${caption}"><thead role="rowgroup"><tr role="row">${heading.map(
    (title) => html`<th role="columnheader" scope="col">${title}</th>`,
  )}</tr></thead><tbody role="rowgroup">
${rows.map((row) => html`<tr role="row">${row.map(cell)}</tr>\n`)}</tbody></table>`;
}

/** How many of the first rows of the table are what one looks for, and set larger. */
const FIGURES = 2;
const MARKS: Readonly<Record<FactCell["tone"], string>> = { good: "✓ ", bad: "✗ ", plain: "" };

/** The numbers of all jobs, side by side. */
export function numbersTable(jobs: readonly JudgedJob[]): Markup {
  const heads = jobs.map(({ job }) => html`<th scope="col">${foreign(job.title)}</th>`);
  const rows = factsOf(jobs).map(({ label, cells }, index) => {
    const drawn = cells.map(({ text, tone }) => {
      const mark =
        tone === "plain"
          ? undefined
          : html`<span class="mark ${tone}" aria-hidden="true">${MARKS[tone]}</span>`;
      return html`<td class="${index < FIGURES && tone !== "plain" ? "figure " : ""}${tone}">${mark}${foreign(text)}</td>`;
    });
    return html`<tr><th scope="row">${label}</th>${drawn}</tr>\n`;
  });
  return html`<table class="numbers"><thead><tr><th scope="col"><span class="soft small">real time</span></th>${heads}</tr></thead><tbody>
${rows}</tbody></table>`;
}

/** Every attempt of a job. */
export function attemptsTable(job: RehearsedJob): Markup {
  const heading = ["attempt", "machine", "from", "to", "ended", "went on from", "saves", "useful", "lost"];
  const rows = job.attempts.map((attempt) => {
    const slowest = attempt.saves.reduce((most, save) => Math.max(most, save.durationMs), 0);
    const restored =
      attempt.restoreMs === undefined ? "" : `, restored in ${formatDuration(attempt.restoreMs)}`;
    return [
      String(attempt.number),
      String(attempt.machine),
      tight(moment(attempt.fromMs)),
      tight(moment(attempt.toMs)),
      html`${attemptEnd(attempt)}${asides([attempt.end.reason, ...restarted(attempt), ...killedWords(attempt)])}`,
      html`${attempt.resumedFrom === undefined ? "nothing" : `${attempt.resumedFrom}${restored}`}${asides((attempt.skippedCheckpoints ?? []).map((reason) => `skipped ${reason}`))}`,
      attempt.saves.length === 0
        ? "none"
        : `${wholeNumber(attempt.saves.length)}, the longest ${formatDuration(slowest)}`,
      tight(formatDuration(attempt.usefulMs)),
      html`${tight(formatDuration(attempt.lostMs))}${lostUnits(attempt)}`,
    ] satisfies readonly Piece[];
  });
  return rows.length === 0
    ? html`<p>The command was never started.</p>`
    : stacked(`Attempts of ${job.title}`, heading, rows);
}

/** Short, and not to be broken. */
function tight(text: string): Markup {
  return html`<span class="tight">${text}</span>`;
}

function lostUnits({ lostProgress = 0, progress }: JobAttempt): string {
  return lostProgress > 0 ? ` (${wholeNumber(lostProgress)} ${progress.at(-1)?.unit ?? "units"})` : "";
}

/** What is said beside the main thing in a cell, each on a line of its own. */
function asides(texts: readonly string[]): Markup {
  return html`${texts
    .filter((text) => text !== "")
    .map((text) => html`<br><span class="soft small">${foreign(text)}</span>`)}`;
}

function restarted({ restarts = 0 }: JobAttempt): readonly string[] {
  return restarts === 0 ? [] : [`failed by itself and was started again ${counted(restarts, "time")}`];
}

function killedWords({ killed, leftRunning = [] }: JobAttempt): readonly string[] {
  const left = leftRunning.length === 0 ? [] : [`left running by the command: ${leftRunning.join(", ")}`];
  return killed.length === 0 ? left : [`killed: ${killed.join(", ")}`, ...left];
}

/** Every interruption of the plan, as it came. */
export function interruptionsTable(record: RehearsalRecord): Markup {
  const heading = ["number", "what", "when", "notice", "end"];
  const rows = record.interruptions.map((interruption) => [
    String(interruption.number),
    foreign(interruption.what),
    foreign(interruption.trigger),
    foreign(noticeWords(interruption)),
    interruptionEnd(interruption),
  ]);
  const faults = record.storeFaults.map(
    (fault) =>
      html`<li>The store: ${foreign(fault.kind)}, from ${moment(fault.fromMs)} to ${moment(fault.toMs)}.</li>`,
  );
  return html`${rows.length === 0 ? html`<p>None was planned.</p>` : stacked("Interruptions", heading, rows)}
${faults.length === 0 ? undefined : html`<ul class="plain">${faults}</ul>`}`;
}

/** Names that are listed; of more only the number is said. */
const MOST_FILES = 200;

/** Outputs, and files that were lost or caught half-written. */
export function filesOf(job: RehearsedJob): Markup | undefined {
  const left = job.leftBehind
    .slice(0, MOST_FILES)
    .map((file) => [
      code(file.path),
      file.where === "tmp" ? "/tmp" : "scratch disk",
      counted(file.bytes, "byte"),
      String(file.machine),
      file.afterCompletion ? "left when the job had completed" : "gone with its machine",
    ]);
  const more = job.leftBehind.length - left.length;
  const half = job.halfWritten
    .slice(0, MOST_FILES)
    .map((file) => [
      code(file.path),
      file.checkpoint ?? "at the end of a machine",
      moment(file.atMs),
      file.wholeBytes === undefined
        ? counted(file.bytes, "byte")
        : `${wholeNumber(file.bytes)} of ${counted(file.wholeBytes, "byte")}`,
      file.restored ? "yes" : "no",
    ]);
  const moreHalf = job.halfWritten.length - half.length;
  const outputs = job.outputs.map((output) => [
    code(output.path),
    output.result.replace("-", " when run "),
    output.durable ? "yes" : "no",
    foreign(output.detail ?? ""),
  ]);
  if (left.length + half.length + outputs.length === 0) return undefined;
  const andMore = (count: number): Markup | undefined =>
    count > 0 ? html`<p class="soft">and ${wholeNumber(count)} more.</p>` : undefined;
  return html`${outputs.length === 0 ? undefined : html`<h3>Declared outputs</h3>${stacked("Declared outputs", ["file", "compared with the run alone", "durable", "detail"], outputs)}`}
${left.length === 0 ? undefined : html`<h3>Left behind: nobody had saved it</h3>${stacked("Files left behind", ["file", "where", "size", "machine", "when"], left)}${andMore(more)}`}
${half.length === 0 ? undefined : html`<h3>Caught half-written</h3>${stacked("Files caught half-written", ["file", "in checkpoint", "at", "size", "restored from"], half)}${andMore(moreHalf)}`}`;
}

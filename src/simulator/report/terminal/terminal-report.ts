import type { RehearsalRecord } from "../../rehearsal/record.ts";
import type { RehearsalFinding, Verdict } from "../../verdict/verdict.ts";
import { padText, wrapText } from "../display-text.ts";
import { type FactCell, factsOf } from "../facts.ts";
import { type JudgedJob, judgedJobs } from "../judged-jobs.ts";
import { timelineOf } from "../timeline.ts";
import {
  REPEAT_NOTE,
  SEVERITY_WORDS,
  bigWord,
  counted,
  interruptionEnd,
  meaningOfSpotProof,
  notesOf,
  repeatCommand,
  wasRehearsed,
  wholeNumber,
} from "../words.ts";
import { drawTimeline } from "./draw-timeline.ts";
import { type Sheet, type TerminalLook, sheetFor } from "./sheet.ts";

export type { TerminalLook } from "./sheet.ts";

/** Files and interruptions that are listed; of more only the number is said. */
const MOST_FILES = 8;
const MOST_INTERRUPTIONS = 12;

/**
 * The report of a rehearsal for a terminal: the verdict, the timeline, findings worst first, numbers, and what cannot be told.
 * No line is longer than the look's columns, but for paths and the command that repeats it.
 * @throws SpotproofError `internal` when record and verdict do not belong together.
 */
export function terminalReport(record: RehearsalRecord, verdict: Verdict, look: TerminalLook): string {
  const sheet = sheetFor(look);
  const jobs = judgedJobs(record, verdict);
  // Of what did not take place there is nothing to draw and nothing to count.
  const ifRehearsed = <Part>(part: Part): readonly Part[] => (wasRehearsed(record) ? [part] : []);
  const parts = [
    verdictLines(jobs, sheet),
    ...ifRehearsed(drawTimeline(timelineOf(record), sheet)),
    ...ifRehearsed(interruptionLines(record, sheet)),
    ...jobs.map((judged) => findingLines(judged, jobs.length > 1, sheet)),
    ...ifRehearsed(section("Numbers", numberLines(jobs, sheet), sheet)),
    ...jobs.map((judged) => fileLines(judged, sheet)),
    ...ifRehearsed(noteLines(record, sheet)),
    section(
      "Once more",
      [
        `  ${sheet.text(repeatCommand(record))}`,
        ...sheet.wrap(REPEAT_NOTE, { text: "  " }).map(sheet.paint.faint),
      ],
      sheet,
    ),
  ];
  return parts
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => `${line}\n`).join(""))
    .join("\n");
}

function noteLines(record: RehearsalRecord, sheet: Sheet): readonly string[] {
  const lines = notesOf(record).flatMap((note) => sheet.wrap(note, { text: "  - " }));
  return section("What this rehearsal was", lines, sheet);
}

function section(title: string, lines: readonly string[], sheet: Sheet): readonly string[] {
  return lines.length === 0 ? [] : [...sheet.wrap(title).map(sheet.paint.strong), ...lines];
}

function verdictLines(jobs: readonly [JudgedJob, ...JudgedJob[]], sheet: Sheet): readonly string[] {
  const { paint } = sheet;
  const [own, ...others] = jobs;
  const colour = own.verdict.spotProof ? paint.good : paint.bad;
  return [
    ...sheet.wrap(own.verdict.summary, {
      text: `${bigWord(own.verdict.spotProof)}  `,
      paint: (text) => paint.strong(colour(text)),
    }),
    ...sheet.wrap(meaningOfSpotProof(own.verdict)).map(paint.faint),
    ...others.flatMap(({ job, verdict }) => [
      "",
      ...sheet.wrap(
        `Compared with "${job.title}", ${verdict.spotProof ? "spot-proof too" : "not spot-proof"}: ${verdict.summary}`,
      ),
    ]),
  ];
}

function interruptionLines(record: RehearsalRecord, sheet: Sheet): readonly string[] {
  const shown = record.interruptions.slice(0, MOST_INTERRUPTIONS);
  const more = record.interruptions.length - shown.length;
  const lines = shown.flatMap((interruption) =>
    sheet.wrap(`${interruption.what}, ${interruption.trigger}: ${interruptionEnd(interruption)}`, {
      text: `${String(interruption.number).padStart(3)}  `,
      paint: sheet.paint.warning,
    }),
  );
  const rest = more > 0 ? [`     and ${counted(more, "more interruption", "more interruptions")}`] : [];
  const troubles = record.storeFaults.flatMap((fault) =>
    sheet.wrap(
      `the store: ${fault.kind}, from ${(fault.fromMs / 1000).toFixed(1)} s to ${(fault.toMs / 1000).toFixed(1)} s`,
      { text: "     " },
    ),
  );
  const none = ["  None came."];
  return section("Interruptions", [...(shown.length === 0 ? none : lines), ...rest, ...troubles], sheet);
}

function findingLines({ job, verdict }: JudgedJob, several: boolean, sheet: Sheet): readonly string[] {
  const title = several ? `Findings: ${job.title}` : "Findings";
  const lines =
    verdict.findings.length === 0
      ? ["  None."]
      : verdict.findings.flatMap((finding) => findingText(finding, sheet));
  return section(title, lines, sheet);
}

function findingText(finding: RehearsalFinding, sheet: Sheet): readonly string[] {
  const { paint } = sheet;
  const colour = { fails: paint.bad, warns: paint.warning, allowed: paint.faint }[finding.severity];
  const lead = `  ${sheet.text(finding.id)}  `;
  const indent = " ".repeat(lead.length);
  return [
    ...sheet.wrap(`${finding.title} (${SEVERITY_WORDS[finding.severity]})`, {
      text: lead,
      paint: colour,
      rest: paint.strong,
    }),
    ...sheet.wrap(finding.detail, { text: indent }),
    ...sheet.wrap(`Do: ${finding.remedy}`, { text: indent }),
  ];
}

const LABEL_CELLS = 28;
/** The least room for a cell of the table; with less, the jobs come one after the other. */
const LEAST_CELL = 22;

function numberLines(jobs: readonly JudgedJob[], sheet: Sheet): readonly string[] {
  const cellRoom = Math.floor((sheet.columns - LABEL_CELLS - 2 * jobs.length) / jobs.length);
  if (jobs.length > 1 && cellRoom < LEAST_CELL) {
    return jobs.flatMap((judged, index) => [
      ...(index === 0 ? [] : [""]),
      `  ${sheet.paint.strong(wrapText(sheet.text(judged.job.title), sheet.columns - 2)[0] ?? "")}`,
      ...numberLines([judged], sheet),
    ]);
  }
  const row = (label: string, cells: readonly FactCell[]): readonly string[] => {
    const columns = cells.map((cell) => wrapText(sheet.text(cell.text), cellRoom));
    const height = Math.max(1, ...columns.map((lines) => lines.length));
    return Array.from({ length: height }, (_, index) => {
      const texts = columns.map((lines) => lines[index] ?? "");
      // Nothing is filled up after the last word of a line: with colour it could not be trimmed.
      const last = texts.findLastIndex((text) => text !== "");
      const painted = texts.slice(0, last + 1).map((text, column) => {
        const tone = cells[column]?.tone ?? "plain";
        const padded = column === last ? text : padText(text, cellRoom);
        return tone === "plain" ? padded : sheet.paint[tone](padded);
      });
      return `  ${padText(index === 0 ? label : "", LABEL_CELLS)}${painted.join("  ")}`.trimEnd();
    });
  };
  const titles = jobs.map(({ job }): FactCell => ({ text: job.title, tone: "plain" }));
  return [
    ...(jobs.length > 1 ? row("", titles).map(sheet.paint.strong) : []),
    ...factsOf(jobs).flatMap(({ label, cells }) => row(label, cells)),
  ];
}

/** The names of what went away, one to a line, whole. */
function fileLines({ job }: JudgedJob, sheet: Sheet): readonly string[] {
  const files = job.leftBehind;
  if (files.length === 0) return [];
  const shown = files.slice(0, MOST_FILES);
  const lines = shown.map(
    (file) => `  ${sheet.text(file.path)}  ${sheet.paint.faint(`(machine ${file.machine})`)}`,
  );
  const more = files.length - shown.length;
  const rest = more > 0 ? [`  and ${wholeNumber(more)} more`] : [];
  return section(`Left behind by "${job.title}", gone with their machines`, [...lines, ...rest], sheet);
}

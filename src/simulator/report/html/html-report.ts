import { createHash } from "node:crypto";
import { formatDuration } from "../../../base/index.ts";
import type { RehearsalRecord } from "../../rehearsal/record.ts";
import type { RehearsalFinding, Verdict } from "../../verdict/verdict.ts";
import { type JudgedJob, judgedJobs } from "../judged-jobs.ts";
import { timelineOf } from "../timeline.ts";
import {
  REPEAT_NOTE,
  SEVERITY_WORDS,
  bigWord,
  meaningOfSpotProof,
  notesOf,
  repeatCommand,
} from "../words.ts";
import { legendOf } from "./legend.ts";
import { type Markup, code, foreign, html } from "./markup.ts";
import { STYLE } from "./style.ts";
import { attemptsTable, filesOf, interruptionsTable, numbersTable } from "./tables.ts";
import { type JobCaption, timelineSvg } from "./timeline-svg.ts";

/**
 * The report of a rehearsal as one HTML page that needs nothing else: no network, no script, no font of its own.
 * Its content security policy allows its own style and nothing more.
 * @throws SpotproofError `internal` when record and verdict do not belong together.
 */
export function htmlReport(record: RehearsalRecord, verdict: Verdict): string {
  const jobs = judgedJobs(record, verdict);
  const [own] = jobs;
  const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${bigWord(own.verdict.spotProof)}: ${own.job.command}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<main>
${verdictSection(record, jobs)}
${timelineSection(record, jobs)}
<section aria-labelledby="numbers"><h2 id="numbers">In numbers</h2>${numbersTable(jobs)}</section>
${jobs.map((judged) => findingsSection(judged, jobs.length > 1))}
${notesSection(record)}
${detailsSection(record, jobs)}
</main>
<footer>Written by ${foreign(record.writtenBy)}, rehearsal begun ${foreign(record.startedAt)}, ${formatDuration(record.tookMs)} long.</footer>
</body>
</html>
`;
  return page.markup;
}

const ICONS = {
  good: html`<svg viewBox="0 0 24 24" aria-hidden="true"><circle class="icon-good" cx="12" cy="12" r="12"/><path class="tick" d="M6.8 12.4l3.6 3.7l6.9 -8"/></svg>`,
  bad: html`<svg viewBox="0 0 24 24" aria-hidden="true"><path class="icon-bad" d="M7 0h10l7 7v10l-7 7h-10l-7 -7v-10z"/><path class="tick" d="M8 8l8 8m0 -8l-8 8"/></svg>`,
} as const;

function verdictSection(record: RehearsalRecord, jobs: readonly [JudgedJob, ...JudgedJob[]]): Markup {
  const [own, ...others] = jobs;
  const tone = own.verdict.spotProof ? "good" : "bad";
  return html`<header class="verdict">
<p class="origin"><b>Spotproof rehearsal</b><span>scenario ${foreign(record.plan.scenario)}, seed ${record.plan.seed}</span>${code(own.job.command)}</p>
<h1 class="${tone}">${ICONS[tone]}<span>${bigWord(own.verdict.spotProof)}</span></h1>
<p class="lead">${foreign(own.verdict.summary)}</p>
${others.map(
  ({ job, verdict }) =>
    html`<p>Compared with “${foreign(job.title)}”, <strong class="${verdict.spotProof ? "good" : "bad"}">${verdict.spotProof ? "spot-proof too" : "not spot-proof"}</strong>: ${foreign(verdict.summary)}</p>`,
)}
<p class="small soft">${meaningOfSpotProof(own.verdict)}</p>
</header>`;
}

function timelineSection(record: RehearsalRecord, jobs: readonly JudgedJob[]): Markup {
  const timeline = timelineOf(record);
  const captions = jobs.map(captionOf);
  const drawn = (["narrow", "medium", "wide"] as const).map((name) =>
    timelineSvg(timeline, name, record.storeFaults, captions),
  );
  return html`<section class="timeline" aria-label="What happened">
${drawn}
${legendOf(timeline, record)}
</section>`;
}

function captionOf({ job, verdict }: JudgedJob): JobCaption {
  const after = job.finishedMs === undefined ? "" : ` after ${formatDuration(job.finishedMs)}`;
  return {
    text: verdict.totals.finished ? `finished${after}` : "never finished",
    more: verdict.spotProof ? ", spot-proof" : ", not spot-proof",
    good: verdict.spotProof,
  };
}

function findingsSection({ job, verdict }: JudgedJob, several: boolean): Markup {
  const id = `findings-${verdict.id}`;
  const title = several ? html`Findings: ${foreign(job.title)}` : html`Findings`;
  return html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>
${verdict.findings.length === 0 ? html`<p>None.</p>` : verdict.findings.map(findingCard)}</section>`;
}

function findingCard(finding: RehearsalFinding): Markup {
  return html`<article class="finding ${finding.severity}">
<h3><span class="label">${finding.id} ${SEVERITY_WORDS[finding.severity]}</span>${foreign(finding.title)}</h3>
<p>${foreign(finding.detail)}</p>
<p><strong>What to do:</strong> ${foreign(finding.remedy)}</p>
</article>
`;
}

function notesSection(record: RehearsalRecord): Markup {
  const notes = notesOf(record).map((note) => html`<li>${foreign(note)}</li>\n`);
  return html`<section aria-labelledby="notes"><h2 id="notes">What this rehearsal was</h2><ul class="plain">${notes}</ul></section>`;
}

function detailsSection(record: RehearsalRecord, jobs: readonly JudgedJob[]): Markup {
  const part = (title: Markup, content: Markup | undefined, open = false): Markup | undefined =>
    content === undefined
      ? undefined
      : html`<details${open ? html` open` : undefined}><summary>${title}</summary>${content}</details>\n`;
  return html`<section aria-labelledby="details"><h2 id="details">Details</h2>
${part(html`Repeat this rehearsal`, html`<pre dir="ltr">${repeatCommand(record)}</pre><p class="small soft">${REPEAT_NOTE}</p>`, true)}
${part(html`Interruptions`, interruptionsTable(record))}
${jobs.map(({ job }) => [
  part(html`Attempts: ${foreign(job.title)}`, attemptsTable(job)),
  part(html`Files: ${foreign(job.title)}`, filesOf(job)),
  part(html`Last words: ${foreign(job.title)}`, lastWords(job.lastWords)),
])}
<div class="plan">${part(html`The plan, every number fixed by the seed (ms of the scenario’s time)`, planText(record))}</div>
</section>`;
}

function lastWords(lines: readonly string[]): Markup | undefined {
  return lines.length === 0 ? undefined : html`<pre dir="ltr">${lines.map((line) => html`${line}\n`)}</pre>`;
}

function planText(record: RehearsalRecord): Markup {
  // Line by line: the breaks are the page's, everything inside a line is the plan's.
  const lines = JSON.stringify(record.plan, undefined, 1).split("\n");
  return html`<pre dir="ltr">${lines.map((line) => html`${line}\n`)}</pre>`;
}

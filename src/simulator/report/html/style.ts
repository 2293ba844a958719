/** The page's style: system fonts, both schemes, no width at which something must be scrolled sideways. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --wash: #f5f6f8; --line: #dde1e7; --ink: #171c24; --soft: #545e6c;
  --good: #0b6b3c; --good-wash: #e9f5ee; --bad: #b0201a; --bad-wash: #fcedeb; --warn: #7d5200; --warn-wash: #fdf4e0;
  --work: #2b6cb0; --start: #a9c6e4; --idle: #e3e7ec; --still: #7a55a8; --gap: #8c96a3; --band: #e9a820; --lost-wash: #f9d9d6;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #11151b; --wash: #191f27; --line: #2c3541; --ink: #e9edf2; --soft: #a5b0be;
    --good: #56c98f; --good-wash: #13291f; --bad: #ff857b; --bad-wash: #321917; --warn: #e8b84a; --warn-wash: #2c2412;
    --work: #4f97e0; --start: #2d5480; --idle: #2a323d; --still: #a98ad6; --gap: #76818f; --band: #d99a1c; --lost-wash: #451f1d;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif;
  overflow-wrap: anywhere; font-variant-numeric: tabular-nums;
}
main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .875em; }
code { background: var(--wash); border-radius: 4px; padding: .1em .35em; }
pre { margin: .5rem 0 0; padding: .875rem 1rem; background: var(--wash); border-radius: 8px; white-space: pre-wrap; line-height: 1.5; }
h2 { margin: 3.25rem 0 1rem; font-size: 1.375rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; }
h3 { margin: 1.75rem 0 .75rem; font-size: 1.0625rem; line-height: 1.35; font-weight: 650; }
p { margin: .5rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
.small { font-size: .875em; } .tight { white-space: nowrap; }
p.small { max-width: none; }

.verdict { padding: 1.75rem 0 0; }
.verdict h1 {
  display: flex; align-items: center; gap: .4em; margin: .5rem 0 .5rem;
  font-size: clamp(2rem, 7.2vw, 3.5rem); line-height: 1.05; font-weight: 750; letter-spacing: -.025em;
}
.verdict h1 svg { flex: none; width: .82em; height: .82em; }
.good { color: var(--good); } .bad { color: var(--bad); }
.lead { font-size: clamp(1.125rem, 2.6vw, 1.375rem); line-height: 1.45; max-width: 50rem; margin: 0 0 .5rem; }
.origin { display: flex; flex-wrap: wrap; gap: .15rem .9rem; margin: 0; max-width: none; font-size: .875rem; color: var(--soft); }
.origin > span, .origin > code { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.origin b { color: var(--ink); font-weight: 650; }

.timeline { margin: 1.75rem 0 0; padding: 1.25rem 0 0; border-top: 1px solid var(--line); }
.timeline svg { display: block; width: 100%; height: auto; }
.timeline .medium, .timeline .wide { display: none; }
@media (min-width: 620px) { .timeline .narrow { display: none; } .timeline .medium { display: block; } }
@media (min-width: 1000px) { .timeline .medium { display: none; } .timeline .wide { display: block; } }
.legend { display: flex; flex-wrap: wrap; gap: .35rem 1.25rem; margin: 1rem 0 0; padding: 0; list-style: none; font-size: .8125rem; color: var(--soft); }
.legend li { display: flex; align-items: center; gap: .45rem; }
.legend svg { flex: none; width: 26px; height: 16px; }

svg text { font-family: inherit; font-size: 12px; fill: var(--soft); paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
svg .title { font-size: 14px; font-weight: 650; fill: var(--ink); }
svg .good { fill: var(--good); } svg .bad { fill: var(--bad); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .band { fill: var(--band); fill-opacity: .2; }
svg .band-end { stroke: var(--band); stroke-width: 1.5; }
svg .harmless { fill: none; stroke: var(--band); stroke-width: 1; stroke-dasharray: 3 3; }
svg .badge { fill: var(--warn); } svg .badge-text { stroke: none; fill: var(--paper); font-size: 11px; font-weight: 700; }
svg .machine { fill: var(--idle); stroke: var(--gap); stroke-width: .75; }
svg .save-tick { stroke: var(--ink); stroke-width: 1.5; }
svg .work { fill: var(--work); } svg .start { fill: var(--start); }
svg .lost-wash { fill: var(--lost-wash); } svg .lost-line { stroke: var(--bad); stroke-width: 2; } svg .lost-edge { fill: none; stroke: var(--bad); stroke-width: 1; }
svg .still-wash { fill: var(--idle); } svg .still-dot { fill: var(--still); } svg .still-edge { fill: none; stroke: var(--still); stroke-width: 1; }
svg .waiting { stroke: var(--gap); stroke-width: 2; stroke-dasharray: 2 5; stroke-linecap: round; }
svg .save { fill: var(--paper); stroke: var(--ink); stroke-width: 1.4; }
svg .heard { fill: var(--warn); }
svg .gone { stroke: var(--ink); stroke-width: 2.5; stroke-linecap: round; fill: none; }
svg .done { fill: var(--good); } svg .failed { fill: var(--bad); } svg .tick { fill: none; stroke: var(--paper); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
svg .curve { fill: none; stroke: var(--work); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .area { fill: var(--work); fill-opacity: .12; }
svg .fall { fill: none; stroke: var(--bad); stroke-width: 1.5; stroke-dasharray: 3 3; }
svg .bridge { fill: none; stroke: var(--gap); stroke-width: 1.5; stroke-dasharray: 1 4; stroke-linecap: round; }
svg .trouble { fill: var(--band); fill-opacity: .45; stroke: var(--warn); stroke-width: 1; }
svg .icon-good { fill: var(--good); } svg .icon-bad { fill: var(--bad); }

table { width: 100%; border-collapse: collapse; font-size: .9375rem; }
th, td { padding: .5rem .75rem .5rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { overflow-wrap: break-word; font-size: .8125rem; color: var(--soft); font-weight: 600; border-bottom-color: var(--soft); }
tbody th { font-weight: 400; color: var(--soft); }
.numbers { table-layout: fixed; } .numbers th:first-child { width: 15rem; }
.numbers thead th { color: var(--ink); font-size: .9375rem; }
.numbers .mark { font-weight: 700; }
.numbers th[scope="row"]:has(+ .figure) { padding-top: .9rem; }
.numbers .figure { font-size: 1.125rem; font-weight: 650; }

.finding { margin: 0 0 1rem; padding: 1rem 1.25rem 1.1rem; border-left: 4px solid var(--soft); background: var(--wash); border-radius: 0 8px 8px 0; }
.finding.fails { border-color: var(--bad); background: var(--bad-wash); }
.finding.warns { border-color: var(--warn); border-left-style: double; background: var(--warn-wash); }
.finding h3 { margin: 0 0 .35rem; }
.finding p { margin: .35rem 0 0; }
.label { display: inline-block; margin-right: .5rem; font-size: .75rem; font-weight: 700; letter-spacing: .04em; text-transform: uppercase; }
.fails .label { color: var(--bad); } .warns .label { color: var(--warn); }

details { border-top: 1px solid var(--line); } details:last-of-type { border-bottom: 1px solid var(--line); }
summary { padding: .8rem 0; font-weight: 600; cursor: pointer; }
summary:focus-visible { outline: 2px solid var(--work); outline-offset: 2px; border-radius: 4px; }
details > :last-child { margin-bottom: 1.5rem; }
ul.plain { margin: .5rem 0; padding-left: 1.1rem; max-width: 50rem; } ul.plain li { margin: .3rem 0; }
footer { padding: 2rem 1rem 3rem; font-size: .8125rem; color: var(--soft); }

@media screen and (max-width: 719px) {
  .stacked thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stacked, .stacked tbody, .stacked tr, .stacked th, .stacked td { display: block; }
  .stacked tr { padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .stacked th, .stacked td { display: grid; grid-template-columns: 7.5rem 1fr; gap: .75rem; padding: .15rem 0; border: 0; }
  .stacked th::before, .stacked td::before { content: attr(data-label); color: var(--soft); }
  .stacked td:empty { display: none; }
  .stacked th { color: var(--ink); font-weight: 650; }
}
@media (max-width: 719px) { .numbers th:first-child { width: 7rem; } }
@media print {
  :root { color-scheme: light; }
  body { font-size: 10.5pt; }
  main, footer { max-width: none; padding: 0; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, summary { break-after: avoid; }
  .finding, .timeline, tr { break-inside: avoid; }
  .stacked { font-size: 8.5pt; } .plan { display: none; }
  details::details-content { content-visibility: visible; height: auto; }
  @page { margin: 14mm; }
}
`;

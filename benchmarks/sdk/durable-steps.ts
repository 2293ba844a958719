import { median } from "../paired.ts";
import { type JudgedBar, judged } from "../shared/bars.ts";
import { countFiles, folderBytes } from "../shared/folders.ts";
import type { Section } from "../shared/section.ts";
import { table } from "../shared/tables.ts";
import { type Bench, type ProcessOrder, runProcess } from "./bench.ts";
import { type DbosPeer, openDbos } from "./dbos.ts";
import type { StepsReport } from "./steps-order.ts";

const PLAIN = "write + fsync + rename + fsync of the folder, node:fs/promises";
const MOST_OF_PLAIN = 1.3;
const MOST_OF_DBOS = 0.25;
const GROUPS = [16, 100];

type Kind = "once" | "loop" | "workflows";

/** Somebody who makes so many durable steps. */
interface Contender {
  readonly name: string;
  readonly program: ProcessOrder["program"];
  readonly kind: Kind;
  readonly atOnce: number;
  readonly more?: readonly string[];
}

/** All runs of one contender. */
interface Measured {
  readonly contender: Contender;
  readonly runs: { readonly tookMs: number; readonly cpuMs: number; readonly peakBytes: number }[];
  /** What is stored at the end, of those that store in a folder. */
  stored?: { readonly objects: number; readonly bytes: number };
}

const SEQUENCE: readonly Contender[] = [
  { name: PLAIN, program: "plain-steps-process", kind: "once", atOnce: 1 },
  {
    name: "the same, node:fs, synchronous",
    program: "plain-steps-process",
    kind: "once",
    atOnce: 1,
    more: ["sync"],
  },
  { name: "Spotproof: `once`", program: "spotproof-steps-process", kind: "once", atOnce: 1 },
  {
    name: "Spotproof: `steps`, a state of 1 KiB",
    program: "spotproof-steps-process",
    kind: "loop",
    atOnce: 1,
  },
];

/** Durable steps one after the other and many at once, beside what people would use instead. */
export async function measureDurableSteps(bench: Bench): Promise<Section> {
  const { parts, runs } = bench.options;
  const dbos = await openDbos(bench);
  try {
    const peer = typeof dbos === "string" ? undefined : dbos;
    const text: string[] = [];
    const bars: JudgedBar[] = [];
    const data: Record<string, unknown> = {};
    if (parts.has("steps")) {
      const measured = await inTurn(bench, peer, [...SEQUENCE, ...dbosOf(peer, 1)], runs);
      text.push(describe("One after the other", measured, bench.options.steps));
      bars.push(...judgeSequence(measured));
      data["sequence"] = measured;
    }
    if (parts.has("group")) {
      const contenders = GROUPS.flatMap((atOnce) => [groupOf(atOnce), ...dbosOf(peer, atOnce)]);
      const measured = await inTurn(bench, peer, contenders, runs);
      text.push(describe("Many at once", measured, bench.options.steps));
      bars.push(...GROUPS.map((atOnce) => judgeGroup(measured, atOnce)));
      data["group"] = measured;
    }
    const missing = typeof dbos === "string" ? [dbos] : [];
    return {
      title: "Durable steps",
      text: text.join("\n"),
      bars,
      missing,
      versions: peer?.versions ?? [],
      data,
    };
  } finally {
    if (typeof dbos !== "string") await dbos.close();
  }
}

function groupOf(atOnce: number): Contender {
  return {
    name: `Spotproof: \`once\`, ${atOnce} at once`,
    program: "spotproof-steps-process",
    kind: "once",
    atOnce,
  };
}

function dbosOf(peer: DbosPeer | undefined, atOnce: number): readonly Contender[] {
  if (peer === undefined) return [];
  const common = { program: "dbos-steps-process", atOnce, more: [peer.entry] } as const;
  if (atOnce === 1) return [{ ...common, name: "DBOS: `runStep`", kind: "once" }];
  return [
    { ...common, name: `DBOS: \`runStep\`, ${atOnce} at once in a workflow`, kind: "once" },
    { ...common, name: `DBOS: \`runStep\` in ${atOnce} workflows at once`, kind: "workflows" },
  ];
}

/** Each contender makes all steps, then the next one, and all once more. */
async function inTurn(
  bench: Bench,
  peer: DbosPeer | undefined,
  contenders: readonly Contender[],
  runs: number,
): Promise<readonly Measured[]> {
  const { workspace, options, onProgress } = bench;
  const all = contenders.map((contender): Measured => ({ contender, runs: [] }));
  for (let run = 0; run < runs; run += 1) {
    for (const one of all) {
      const { name, program, kind, atOnce, more } = one.contender;
      onProgress(name);
      const folder = workspace.fresh("store");
      const place = program === "dbos-steps-process" ? await peer?.newDatabase() : folder;
      const order = { kind, atOnce, steps: options.steps, place };
      const { sample, report } = await runProcess(bench, { program, order, more });
      const { tookMs } = report as StepsReport;
      one.runs.push({ tookMs, cpuMs: sample.cpuMs, peakBytes: sample.peakBytes });
      if (program === "spotproof-steps-process")
        one.stored = { objects: countFiles(folder), bytes: folderBytes(folder) };
      workspace.absent("store");
    }
  }
  return all;
}

function describe(title: string, measured: readonly Measured[], steps: number): string {
  const first = measured[0];
  const rows = measured.map(({ contender, runs, stored }) => {
    const took = median(runs.map(({ tookMs }) => tookMs));
    return [
      contender.name,
      `${(took / steps).toFixed(3)} ms`,
      ((1000 * steps) / took).toFixed(0),
      first === undefined ? "–" : median(ratios(runs, first.runs)).toFixed(2),
      `${(median(runs.map(({ cpuMs }) => cpuMs)) / steps).toFixed(3)} ms`,
      `${(median(runs.map(({ peakBytes }) => peakBytes)) / 1e6).toFixed(0)} MB`,
      stored === undefined ? "–" : `${stored.objects} objects, ${(stored.bytes / 1e6).toFixed(1)} MB`,
    ];
  });
  const heads = [
    "",
    "one step",
    "steps per second",
    "÷ the first",
    "CPU of a step",
    "peak memory",
    "stored at the end",
  ];
  return `**${title}.** ${steps.toLocaleString("en")} steps.\n\n${table(heads, rows)}`;
}

function ratios(a: Measured["runs"], b: Measured["runs"]): readonly number[] {
  return a.map(({ tookMs }, run) => tookMs / (b[run]?.tookMs ?? Number.NaN));
}

function judgeSequence(measured: readonly Measured[]): readonly JudgedBar[] {
  const of = (name: string): Measured["runs"] =>
    measured.find(({ contender }) => contender.name === name)?.runs ?? [];
  return SEQUENCE.filter(({ program }) => program === "spotproof-steps-process").map(({ name }) =>
    judged(
      `a durable step in sequence, ${name}: time`,
      median(ratios(of(name), of(PLAIN))),
      MOST_OF_PLAIN,
      (value) => `${value.toFixed(2)} × ${PLAIN}`,
    ),
  );
}

/** Beside the quicker of the two ways of DBOS. */
function judgeGroup(measured: readonly Measured[], atOnce: number): JudgedBar {
  const same = measured.filter(({ contender }) => contender.atOnce === atOnce);
  const ours = same.find(({ contender }) => contender.program === "spotproof-steps-process")?.runs ?? [];
  const theirs = same.filter(({ contender }) => contender.program === "dbos-steps-process");
  const best = theirs.map(({ runs }) => median(ratios(ours, runs)));
  return judged(
    `group commit, ${atOnce} at once: time`,
    best.length === 0 ? undefined : Math.max(...best),
    MOST_OF_DBOS,
    (value) => `${value.toFixed(3)} × DBOS`,
  );
}

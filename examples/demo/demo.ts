// npm run demo: a rehearsal of a real training that loses its machine three times, once without any notice, and finishes with
// the same result. Beside it the same training as most are written, on machines that go away at the same moments.

import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import colors from "picocolors";
import { terminalReport } from "../../src/simulator/report/index.ts";
import { outcomeOf } from "./outcome.ts";
import { type Rehearsed, rehearse } from "./rehearse.ts";
import { type Size, sizeForThisComputer } from "./sizing.ts";

// This file runs as examples/build/demo.js.
const inThisFolder = (name: string): string => fileURLToPath(new URL(`./${name}`, import.meta.url));
const SCENARIO = inThisFolder("../demo/three-machines.yaml");
/** Machines see nothing of this computer's /tmp but what is named; a checkout may lie there. */
const CHECKOUT = inThisFolder("../..");
const REPORT = inThisFolder("demo-report.html");

/** Columns of what is not written to a terminal. */
const WITHOUT_TERMINAL = 120;

function introduction(size: Size): string {
  return `
${colors.bold("Spotproof: a training that loses its machine three times")}

  A small neural network learns handwritten digits: ${size.epochs} epochs, ${size.totalSteps.toLocaleString("en")} steps, about ${Math.round(size.aloneMs / 1000)} s on this computer
  when it has a core to itself. You will see \`spotproof rehearse\` run it twice at the same time:

    with Spotproof  keeps its state in a folder, started by \`spotproof run\`
    as written      keeps everything in memory, as most programs do

  First both run in peace, to know what the result must be. Then both get machines that go away at the same moments: two with
  notice, the third at 90 % of the work with none. After that they are left alone until they are done.

  ${colors.bold("Real:")}       the training, Spotproof, its store and checkpoints, kill -9, the loss of everything on the machine.
  ${colors.bold("Simulated:")}  a machine is a process tree with a folder of its own; the EC2 metadata service is one on 127.0.0.1;
              time is up to 40 times faster: two minutes of notice are then 3 s, a checkpoint each minute one every 1.5 s.
              Only the store outlives the machines, as a bucket would.
`;
}

function commandLine(size: Size): readonly string[] {
  const training = (name: string): readonly string[] => [
    process.execPath,
    inThisFolder(`${name}.js`),
    "--epochs",
    String(size.epochs),
    "--report-every",
    "10",
  ];
  const asWritten = training("digits-in-memory").map(quoted).join(" ");
  const what = ["--scenario", SCENARIO, "--input", CHECKOUT, "--compare", asWritten];
  const same = ["--expect-same", "ckpt/weights.bin"];
  return [...what, ...same, "--report", REPORT, "--", ...training("digits")];
}

/** As a shell wants a word. */
function quoted(word: string): string {
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function show({ record, verdict }: Rehearsed): void {
  const { isTTY, columns } = process.stdout;
  const colour = isTTY && process.env["NO_COLOR"] === undefined;
  const look = { columns: isTTY ? columns : WITHOUT_TERMINAL, colour, ascii: false };
  console.log(`\n${terminalReport(record, verdict, look)}`);
}

async function demo(folder: string): Promise<number> {
  const size = sizeForThisComputer();
  console.log(introduction(size));
  const { status, rehearsed } = await rehearse(commandLine(size), folder);
  if (rehearsed === undefined) return status === 0 ? 1 : status;
  show(rehearsed);
  const { shown, words } = outcomeOf(rehearsed);
  console.log(`${shown ? colors.green("Shown:") : colors.red("NOT SHOWN:")} ${words}`);
  console.log(`The report as a page, with a drawing of both: ${relative(process.cwd(), REPORT)}`);
  if (status !== 0) return status;
  return shown ? 0 : 1;
}

// Every machine gets a copy of the folder in which a rehearsal is started: an empty one is quickest.
const folder = realpathSync(mkdtempSync(join(tmpdir(), "spotproof-demo-")));
try {
  process.exitCode = await demo(folder);
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

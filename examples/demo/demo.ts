// npm run demo: a real training loses its machine three times, once without any notice, and finishes with the same result.
// Beside it the same training as most are written, on machines that go away at the same moments.

import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import colors from "picocolors";
import { type Fleet, type Interruption, runCourse } from "./course.ts";
import { Lane } from "./lane.ts";
import { judge, reportOf } from "./report.ts";
import { Screen } from "./screen.ts";
import { type Size, sizeForThisComputer } from "./sizing.ts";
import { readFromStore, runWords } from "./spotproof.ts";

/** EC2 announces an interruption two minutes ahead; here time runs 40 times faster. */
const LEAD_MS = 3000;

const INTERRUPTIONS: readonly Interruption[] = [
  { atShare: 0.15, leadMs: LEAD_MS },
  { atShare: 0.5, leadMs: LEAD_MS },
  { atShare: 0.9, leadMs: 0 },
];

/** If it takes longer than this, something hangs. */
const LONGEST_MS = 180_000;

function introduction(size: Size): string {
  return `
${colors.bold("Spotproof: a training that loses its machine three times")}

  A small neural network learns handwritten digits: ${size.epochs} epochs, ${size.totalSteps.toLocaleString("en")} steps, about ${Math.round(size.aloneMs / 1000)} s on this computer
  when it has a core to itself. The same training runs twice at the same time:

    as written      keeps everything in memory, as most programs do
    with Spotproof  keeps its state in a folder, started by \`spotproof run\`

  Both get the same machines. Two go away with notice, the third at 90 % of the work with none. Then both are left alone.

  ${colors.bold("Real:")}       the training, Spotproof, its store and checkpoints, kill -9, the loss of everything in the folder.
  ${colors.bold("Simulated:")}  a machine is a fresh folder with its processes; the EC2 metadata service is a mock on 127.0.0.1;
              time is 40 times faster: two minutes of notice are 3 s, and a checkpoint each second is one every 40 s.
              Only the store folder outlives the machines, as a bucket would.
`;
}

async function demo(workspace: string): Promise<boolean> {
  const giveUp = whatEndsTheDemo();
  const size = sizeForThisComputer();
  console.log(introduction(size));
  const folder = join(workspace, "machines");
  const place = { job: "digits", store: join(workspace, "store") };
  mkdirSync(folder);
  const training = (name: string): string[] => [
    fileURLToPath(new URL(`./${name}.js`, import.meta.url)),
    "--epochs",
    String(size.epochs),
    "--report-every",
    "10",
  ];
  const asWritten = new Lane("as written", size.totalSteps, training("digits-in-memory"));
  const withSpotproof = new Lane(
    "with Spotproof",
    size.totalSteps,
    runWords(place, [process.execPath, ...training("digits")]),
  );
  const screen = new Screen(process.stdout, [asWritten, withSpotproof]);
  const lanes = [asWritten, withSpotproof];
  const fleet: Fleet = { folder, asWritten, withSpotproof, screen, signal: giveUp.signal };
  try {
    await runCourse(fleet, INTERRUPTIONS);
    const asWrittenWeights = readFileSync(join(asWritten.machine.folder, "weights.bin"));
    await Promise.all(lanes.map((lane) => lane.close()));
    screen.tell("the last machines are gone too; the weights are read back from the store");
    const withSpotproofWeights = readFromStore(place, "weights.bin", join(workspace, "read-back"));
    screen.close();
    const evidence = {
      asWritten,
      withSpotproof,
      interruptions: INTERRUPTIONS,
      asWrittenWeights,
      withSpotproofWeights,
    };
    const verdicts = judge(evidence);
    console.log(reportOf(evidence, verdicts));
    return verdicts.every(({ kept }) => kept);
  } finally {
    screen.close();
    giveUp.cancel();
    await Promise.all(lanes.map((lane) => lane.close()));
  }
}

/** Aborts on Ctrl-C, on a request to end, and when the demo takes far too long. */
function whatEndsTheDemo(): { readonly signal: AbortSignal; cancel(): void } {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const controller = new AbortController();
  const onSignal = (): void => controller.abort(new Error("Stopped; everything that was started is ended."));
  const onLimit = (): void => controller.abort(new Error(`Not done after ${LONGEST_MS / 1000} s.`));
  for (const name of signals) process.on(name, onSignal);
  const timer = setTimeout(onLimit, LONGEST_MS);
  const cancel = (): void => {
    clearTimeout(timer);
    for (const name of signals) process.off(name, onSignal);
  };
  return { signal: controller.signal, cancel };
}

const workspace = mkdtempSync(join(tmpdir(), "spotproof-demo-"));
try {
  process.exitCode = (await demo(workspace)) ? 0 : 1;
} catch (error) {
  console.error(`\n${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(workspace, { recursive: true, force: true, maxRetries: 3 });
}

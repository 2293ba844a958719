import sync, { writeFileSync } from "node:fs";
import fs from "node:fs/promises";
import { join } from "node:path";
import type { StepsOrder, StepsReport } from "./steps-order.ts";

// What people write without a library: 1 KiB into a file, fsync, rename over the one before, fsync of the folder. The
// argument after the order says with which functions of Node.

const { steps, place, report } = JSON.parse(process.argv[2] ?? "") as StepsOrder;
const temporary = join(place, "state.tmp");
const final = join(place, "state");
const begun = performance.now();
if (process.argv[3] === "sync") inSteps();
else await inPromises();
writeFileSync(report, JSON.stringify({ tookMs: performance.now() - begun } satisfies StepsReport));

async function inPromises(): Promise<void> {
  for (let step = 0; step < steps; step += 1) {
    const file = await fs.open(temporary, "w");
    await file.writeFile(Buffer.alloc(1024, step % 256));
    await file.sync();
    await file.close();
    await fs.rename(temporary, final);
    const folder = await fs.open(place, "r");
    await folder.sync();
    await folder.close();
  }
}

function inSteps(): void {
  for (let step = 0; step < steps; step += 1) {
    const file = sync.openSync(temporary, "w");
    sync.writeSync(file, Buffer.alloc(1024, step % 256));
    sync.fsyncSync(file);
    sync.closeSync(file);
    sync.renameSync(temporary, final);
    const folder = sync.openSync(place, "r");
    sync.fsyncSync(folder);
    sync.closeSync(folder);
  }
}

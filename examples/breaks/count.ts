// A job of 100 steps that keeps its progress in memory only.
//
// Interrupted at step 90, it starts again at 0. ../survives/count.ts is the same job, made to go on.
//
// STEP_SECONDS  how long one step works (default 0.1)

import { setTimeout as sleep } from "node:timers/promises";

const STEPS = 100;
const STEP_SECONDS = Number(process.env["STEP_SECONDS"] ?? "0.1");

/** One step of the job. Its result depends on every step before it. */
async function work(checksum: number, step: number): Promise<number> {
  await sleep(STEP_SECONDS * 1000);
  return (checksum * 31 + step * step) % 1_000_000_007;
}

let checksum = 0;
for (let step = 1; step <= STEPS; step++) {
  checksum = await work(checksum, step);
  console.log(`step ${step}/${STEPS}`);
}

console.log(`result ${checksum}`);

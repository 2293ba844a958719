import { readdirSync, readFileSync, rmSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Bench, example } from "../program.ts";

const REPORT = example("build/demo-report.html");

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.clear());

// Without colours, whatever the surroundings ask for.
const demo = () =>
  bench.start([process.execPath, example("build/demo.js")], { TMPDIR: bench.folder, NO_COLOR: "1" });

test("the demo says what it will show, keeps its promises and leaves nothing behind", {
  timeout: 300_000,
}, async () => {
  rmSync(REPORT, { force: true });
  const begunMs = performance.now();
  const shown = demo();
  expect(await shown.hears("Simulated:")).toMatch(/process tree/);
  expect(shown.words).toEqual([]);
  const end = await shown.ended;
  console.log(`The demo took ${((performance.now() - begunMs) / 1000).toFixed(1)} s.`);
  const said = shown.everything();
  expect(end, said).toEqual({ status: 0, signal: null });
  expect(said).toMatch(/^SPOT-PROOF /m);
  expect(said).toMatch(/Compared with "as written", not spot-proof/);
  expect(said).toMatch(/^Shown: .* lost its machine 3 times and ends with the same weights .* bit for bit/m);
  expect(readFileSync(REPORT, "utf8")).toContain("three-machines");
  expect(readdirSync(bench.folder)).toEqual([]);
  expect(shown.stillRunning()).toEqual([]);
});

test("stopped by Ctrl-C it ends everything that it started, and leaves nothing behind", {
  timeout: 60_000,
}, async () => {
  const stopped = demo();
  await stopped.tells("machine 1, working");
  expect(stopped.stillRunning().length).toBeGreaterThan(process.platform === "linux" ? 3 : -1);
  stopped.signal("SIGINT");
  const end = await stopped.ended;
  expect(end, stopped.everything()).toEqual({ status: 130, signal: null });
  expect(stopped.everything()).toContain("everything that it had started is ended");
  expect(readdirSync(bench.folder)).toEqual([]);
  expect(stopped.stillRunning()).toEqual([]);
});

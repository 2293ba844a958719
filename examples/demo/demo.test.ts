import { readdirSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Bench, example } from "../program.ts";

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.clear());

test("the demo keeps its promises and leaves nothing behind", { timeout: 200_000 }, async () => {
  const demo = bench.start([process.execPath, example("build/demo.js")], { TMPDIR: bench.folder });
  const end = await demo.ended;
  expect(end, demo.everything()).toEqual({ status: 0, signal: null });
  expect(demo.everything()).not.toContain("BROKEN");
  expect(readdirSync(bench.folder)).toEqual([]);
});

test("stopped by Ctrl-C it ends everything that it started, and leaves nothing behind", {
  timeout: 60_000,
}, async () => {
  const demo = bench.start([process.execPath, example("build/demo.js")], { TMPDIR: bench.folder });
  await demo.hears("machine 1 begins");
  demo.signal("SIGINT");
  expect(await demo.ended).toEqual({ status: 1, signal: null });
  expect(readdirSync(bench.folder)).toEqual([]);
});

import { expect, test } from "vitest";
import { Bench } from "./program.ts";

test("a program is killed with its children and grandchildren, those in groups of their own included", async () => {
  const bench = new Bench();
  const grandchild = `setInterval(() => {}, 1000); console.log("up")`;
  const child = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { detached: true, stdio: "inherit" })`;
  const program = bench.start([process.execPath, "-e", child]);
  await program.hears("up");
  if (process.platform === "linux") expect(program.stillRunning()).toHaveLength(2);
  await bench.clear();
  // It has ended when the last process that holds its output is dead, and the grandchild holds it.
  expect(await program.ended).toEqual({ status: null, signal: "SIGKILL" });
  expect(program.stillRunning()).toEqual([]);
});

import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { killTree } from "./processes.ts";

test("a process is killed with its children and grandchildren, those in groups of their own included", async () => {
  const grandchild = `setInterval(() => {}, 1000); console.log(process.pid)`;
  const child = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(grandchild)}], { detached: true, stdio: "inherit" })`;
  const root = spawn(process.execPath, ["-e", child], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = (await once(root.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  expect(process.kill(pid, 0)).toBe(true);
  // The pipe closes when the last process that holds it is dead, and the grandchild holds it.
  const ended = Promise.all([once(root, "exit"), once(root.stdout, "close")]);
  await killTree(root.pid ?? 0);
  expect((await ended)[0]).toEqual([null, "SIGKILL"]);
});

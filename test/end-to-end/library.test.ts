import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const library = JSON.stringify(resolve("dist/index.js"));

test("the built package can be imported, and reads what the command line has written", async () => {
  await bench.run([
    "run",
    "--job",
    "count",
    "--store",
    "store",
    "--checkpoint",
    "ckpt",
    "--",
    jobFile("counts.sh"),
    "3",
    "0",
  ]);
  const program = `
    import { listCheckpoints, openFileStore, parseJobName, readJobHistory, restoreTo, verifyCheckpoint } from ${library};
    const store = await openFileStore("store", { mode: "read" });
    const job = parseJobName("count");
    const history = await readJobHistory(store, job);
    const [newest] = await listCheckpoints(store, job);
    const verified = await verifyCheckpoint(store, job, newest.id, { depth: "bytes" });
    await restoreTo(store, job, newest.id, "out");
    console.log(history.attempts.length, history.attempts[0].outcome.kind, verified.kind);
  `;
  writeFileSync(join(bench.folder, "reads.mjs"), program);
  const said = execFileSync(process.execPath, ["reads.mjs"], { cwd: bench.folder, encoding: "utf8" });
  expect(said).toBe("1 completed sound\n");
});

test("importing the package does nothing by itself, and it can be required", () => {
  const active = "process.getActiveResourcesInfo().length";
  const program = `const before = ${active}; const { VERSION } = require(${library}); const more = ${active} - before; console.log(VERSION, more)`;
  const node = [
    ...(process.versions.node.startsWith("20.") ? ["--experimental-require-module", "--no-warnings"] : []),
    "-e",
    program,
  ];
  expect(execFileSync(process.execPath, node, { encoding: "utf8" })).toMatch(/^\d+\.\d+\.\d+ 0$/m);
});

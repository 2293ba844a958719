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

test("the mocks of all clouds are controlled from a program while they run", () => {
  const program = `
    import { startAzureMetadataMock, startEc2MetadataMock, startGcpMetadataMock, systemClock } from ${library};
    const asks = {
      aws: ["/latest/meta-data/spot/instance-action", {}],
      gcp: ["/computeMetadata/v1/instance/preempted", { "metadata-flavor": "Google" }],
      azure: ["/metadata/scheduledevents?api-version=2020-07-01", { metadata: "true" }],
    };
    for (const start of [startEc2MetadataMock, startGcpMetadataMock, startAzureMetadataMock]) {
      const mock = await start({ clock: systemClock });
      const [path, headers] = asks[mock.cloud];
      const ask = async () => {
        const answer = await fetch(mock.url + path, { headers });
        return answer.status + " " + /terminate|TRUE|Preempt/.test(await answer.text());
      };
      const said = [await ask()];
      mock.announce({ action: "terminate", leadMs: 60_000 });
      said.push(await ask(), mock.heard !== undefined);
      mock.cancel();
      said.push(await ask());
      const undo = mock.fault({ kind: "status", status: 503 });
      said.push(await ask());
      undo();
      said.push(await ask(), mock.requests.length);
      await mock.close();
      console.log(mock.cloud, said.join(", "));
    }
  `;
  writeFileSync(join(bench.folder, "mocks.mjs"), program);
  const said = execFileSync(process.execPath, ["mocks.mjs"], { cwd: bench.folder, encoding: "utf8" });
  expect(said.trim().split("\n")).toEqual([
    "aws 404 false, 200 true, true, 404 false, 503 false, 404 false, 5",
    "gcp 200 false, 200 true, true, 200 false, 503 false, 200 false, 5",
    "azure 200 false, 200 true, true, 200 false, 503 false, 200 false, 5",
  ]);
});

test("the built testing kit cuts a job in a process of its own, and leaves nothing that keeps it alive", () => {
  const program = `
    import { createJobTest } from ${JSON.stringify(resolve("dist/testing.js"))};
    const test = createJobTest();
    const fit = async (job) => {
      const state = await job.restoreOr(() => ({ total: 0 }));
      for await (const step of job.steps({ to: 10, checkpointEvery: 2 })) state.total += step;
      return state.total;
    };
    console.log((await test.run(fit, { crashAtStep: 5 })).kind, (await test.run(fit)).result);
  `;
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(said).toBe("crashed 45\n");
});

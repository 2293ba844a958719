import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.ts";
import { type Ec2MetadataMock, startEc2MetadataMock } from "../../src/simulator/index.ts";
import { type StartOptions, useBench } from "./run-spotproof.ts";
import { RESULT, STEPS, resumedFrom, stepsOf, writeProgram } from "./sdk-program.ts";

const bench = useBench();
const mocks: Ec2MetadataMock[] = [];

afterEach(async () => {
  for (const mock of mocks.splice(0)) await mock.close();
});

/** Options for a start of the program by itself. */
const alone = (environment: Record<string, string> = {}): StartOptions => ({
  main: writeProgram(bench.folder),
  environment,
});

/** Arguments for a start of the program under `spotproof run`. */
const wrapped = (): string[] => {
  const program = writeProgram(bench.folder);
  const lease = ["--heartbeat", "50ms", "--lease", "300ms"];
  return [
    "run",
    "--job",
    "fit",
    "--store",
    "store",
    "--checkpoint",
    "ckpt",
    ...lease,
    "--",
    process.execPath,
    program,
  ];
};

const SLOW = { STEP_MS: "40", ITEM_MS: "10" };
/** `spotproof run` is asked twice in a second. */
const SLOWER = { STEP_MS: "150", ITEM_MS: "10" };

interface Status {
  readonly jobs: readonly {
    readonly attempts: readonly {
      readonly outcome?: { readonly kind: string; readonly notice?: { readonly source: string } };
    }[];
  }[];
}

async function attempts(): Promise<Status["jobs"][number]["attempts"]> {
  const { stdout } = await bench.run(["status", "--store", "store", "--json"]);
  return (JSON.parse(stdout) as Status).jobs[0]?.attempts ?? [];
}

const outcomes = async (): Promise<(string | undefined)[]> =>
  (await attempts()).map(({ outcome }) => outcome?.kind);

describe("a program with a job, by itself", () => {
  test("comes to its end, and a second start does nothing", async () => {
    const first = await bench.run([], alone());
    expect([first.status, first.stdout.trimEnd().split("\n").at(-1)]).toEqual([0, RESULT]);
    const again = await bench.run([], alone());
    expect([again.status, again.stdout]).toEqual([0, "completed-before\n"]);
  });

  test("I3: leaves on SIGTERM with status 75 at the end of its step, and goes on after it", async () => {
    const first = bench.start([], alone(SLOW));
    await first.untilSays(/^step 4$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = await bench.run([], alone());
    expect([second.status, second.stdout.trimEnd().split("\n").at(-1)]).toEqual([0, RESULT]);
    expect(stepsOf(second.stdout)[0]).toBe((stepsOf(first.stdout()).at(-1) ?? 0) + 1);
    expect(await outcomes()).toEqual(["interrupted", "completed"]);
  });

  test("leaves on SIGTERM between items, and handles none twice", async () => {
    const first = bench.start([], alone({ ITEM_MS: "30" }));
    await first.untilSays(/^item 9$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = await bench.run([], alone());
    expect(second.stdout.trimEnd().split("\n").at(-1)).toBe(RESULT);
    const all = [...(first.stdout() + second.stdout).matchAll(/^item (\d+)$/gm)].map(([, item]) => item);
    expect(new Set(all).size).toBe(all.length);
  });

  test("stops on Ctrl-C with status 130, saved", async () => {
    const first = bench.start([], alone(SLOW));
    await first.untilSays(/^step 4$/m);
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(130);
    const second = await bench.run([], alone());
    expect(second.stdout.trimEnd().split("\n").at(-1)).toBe(RESULT);
    expect(stepsOf(second.stdout)[0]).toBe((stepsOf(first.stdout()).at(-1) ?? 0) + 1);
    expect(await outcomes()).toEqual(["stopped", "completed"]);
  });

  test("ends at once on a second Ctrl-C, in the middle of a step", async () => {
    const first = bench.start([], alone({ STEP_MS: "60000" }));
    await first.untilSays(/^step 0$/m);
    first.child.kill("SIGINT");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(first.child.exitCode).toBeNull();
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(130);
  });

  test("hears the metadata service of its machine, and says so in the record", async () => {
    const mock = await startEc2MetadataMock({ clock: systemClock, imdsv2: "required" });
    mocks.push(mock);
    const heard = { AWS_EC2_METADATA_DISABLED: "false", AWS_EC2_METADATA_SERVICE_ENDPOINT: mock.url };
    const first = bench.start([], alone({ STEP_MS: "400", ...heard }));
    await first.untilSays(/^step 1$/m);
    mock.interrupt({ action: "terminate", leadMs: 20_000 });
    expect(await first.ended).toBe(75);
    const [life] = await attempts();
    expect(life?.outcome).toMatchObject({
      kind: "interrupted",
      notice: { source: expect.stringContaining("ec2-metadata") },
    });
    const second = await bench.run([], alone());
    expect(second.stdout.trimEnd().split("\n").at(-1)).toBe(RESULT);
  });

  test("keeps a folder of files with its state", async () => {
    const first = bench.start([], alone({ ...SLOW, FILES: "files" }));
    await first.untilSays(/^step 5$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const last = stepsOf(first.stdout()).at(-1) ?? 0;
    // The machine that goes on has nothing of the folder.
    const second = bench.start([], alone({ ...SLOW, FILES: "elsewhere" }));
    await second.untilSays(/^attempt 2/m);
    expect(Number(readFileSync(join(bench.folder, "elsewhere/step.txt"), "utf8"))).toBeGreaterThanOrEqual(
      last,
    );
    expect(await second.ended).toBe(0);
    expect(second.stdout().trimEnd().split("\n").at(-1)).toBe(RESULT);
    expect(stepsOf(second.stdout())[0]).toBe(last + 1);
  });

  test("says what is wrong with its options in a sentence, without a stack", async () => {
    const { status, stderr } = await bench.run([], alone({ KEEP: "1" }));
    expect(status).toBe(64);
    expect(stderr).toMatch(/keep: 1/);
    expect(stderr).not.toMatch(/^\s+at /m);
  });
});

describe("a program with a job, under `spotproof run`", () => {
  test("comes to the same end, and `spotproof status` knows it", async () => {
    const { status, stdout } = await bench.run(wrapped());
    expect([status, stdout.trimEnd().split("\n").at(-1)]).toEqual([0, RESULT]);
    expect(await outcomes()).toEqual(["completed"]);
  });

  test("leaves when `spotproof run` is told to, and goes on after its last step", async () => {
    const first = bench.start(wrapped(), { environment: SLOWER });
    await first.untilSays(/^step 4$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = await bench.run(wrapped());
    expect([second.status, second.stdout.trimEnd().split("\n").at(-1)]).toEqual([0, RESULT]);
    expect(stepsOf(second.stdout)[0]).toBe((stepsOf(first.stdout()).at(-1) ?? 0) + 1);
    expect(await outcomes()).toEqual(["interrupted", "completed"]);
  });

  test.each([
    ["by itself", "under the wrapper"],
    ["under the wrapper", "by itself"],
  ])("a job that was begun %s goes on %s", async (begun) => {
    const startAlone = (): ReturnType<typeof bench.start> => bench.start([], alone(SLOWER));
    const startWrapped = (): ReturnType<typeof bench.start> =>
      bench.start(wrapped(), { environment: SLOWER });
    const [start, goOn] = begun === "by itself" ? [startAlone, startWrapped] : [startWrapped, startAlone];
    const first = start();
    await first.untilSays(/^step 6$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = goOn();
    expect(await second.ended).toBe(0);
    expect(second.stdout().trimEnd().split("\n").at(-1)).toBe(RESULT);
    expect(resumedFrom(second.stdout())).toMatch(/^000001-/);
    expect(stepsOf(second.stdout())[0]).toBe((stepsOf(first.stdout()).at(-1) ?? 0) + 1);
    expect(stepsOf(second.stdout()).at(-1)).toBe(STEPS - 1);
  });
});

test("E2: a file call of the program that hangs does not keep an interrupted job on its machine", async () => {
  execFileSync("mkfifo", [join(bench.folder, "pipe")]);
  const main = join(bench.folder, "hangs.mjs");
  writeFileSync(
    main,
    `
    import { open } from "node:fs";
    import { runJob } from ${JSON.stringify(resolve("dist/index.js"))};
    await runJob("fit", { store: "store" }, async (job) => {
      open("pipe", "r", () => undefined);
      console.log("up");
      for await (const step of job.steps({ to: 1000 })) await new Promise((resolve) => setTimeout(resolve, 20));
    });
    `,
  );
  const started = bench.start([], { main });
  await started.untilSays(/^up$/m);
  started.child.kill("SIGTERM");
  expect(await started.ended).toBe("SIGKILL");
  expect(started.stderr()).toMatch(/a file call hangs.*status 75/);
  expect(await outcomes()).toEqual(["interrupted"]);
});

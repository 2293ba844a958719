import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.ts";
import { type Ec2MetadataMock, startEc2MetadataMock } from "../../src/simulator/index.ts";
import { type StartedSpotproof, useBench } from "../end-to-end/run-spotproof.ts";
import { PYTHON_ENVIRONMENT, PYTHON_IS_THERE, pythonJob } from "./pythons.ts";

// Real programs under the real `spotproof run`, interrupted by a metadata service on a real socket, and killed.

const bench = useBench();
const mocks: Ec2MetadataMock[] = [];
afterEach(async () => {
  for (const mock of mocks.splice(0)) await mock.close();
});

const STEPS = 40;
const ALL = Array.from({ length: STEPS }, (_, at) => at + 1);
const stepsOf = (out: string): number[] =>
  [...out.matchAll(/^step (\d+)$/gm)].map((match) => Number(match[1]));
const resultOf = (out: string): string | undefined => /^result (.*)$/m.exec(out)?.[1];

interface Life {
  readonly commitBy: string;
  readonly options?: object;
  readonly environment?: Readonly<Record<string, string>>;
  readonly more?: readonly string[];
  /** How long a step takes. */
  readonly seconds?: string;
}

/** One machine: its own checkpoint folder is gone, the store is not. */
function startLife({
  commitBy,
  options = { every: 5 },
  environment = {},
  more = [],
  seconds = "0.03",
}: Life): StartedSpotproof {
  rmSync(join(bench.folder, "ckpt"), { recursive: true, force: true });
  const flags = `--job chain --store store --checkpoint ckpt --commit-by ${commitBy} --metadata-poll 50ms --heartbeat 100ms --lease 400ms`;
  return bench.start(
    ["run", ...flags.split(" "), ...more, "--", "python3", pythonJob("chain.py"), String(STEPS), seconds],
    { environment: { ...PYTHON_ENVIRONMENT, OPTIONS: JSON.stringify(options), ...environment } },
  );
}

async function startMachine() {
  const mock = await startEc2MetadataMock({ clock: systemClock, imdsv2: "required" });
  mocks.push(mock);
  const environment = {
    AWS_EC2_METADATA_DISABLED: "false",
    AWS_EC2_METADATA_SERVICE_ENDPOINT: mock.url,
  };
  return { mock, environment };
}

let alone: string | undefined;

/** The result of a run that nobody interrupts. */
async function aloneResult(): Promise<string | undefined> {
  if (alone !== undefined) return alone;
  const { stdout } = await bench.run(
    [
      "run",
      "--job",
      "alone",
      "--store",
      "store-alone",
      "--checkpoint",
      "alone",
      "--",
      "python3",
      pythonJob("chain.py"),
      String(STEPS),
      "0",
    ],
    { environment: PYTHON_ENVIRONMENT },
  );
  alone = resultOf(stdout);
  return alone;
}

describe.runIf(PYTHON_IS_THERE).each(["spotproof", "program"])(
  "a Python loop under spotproof run --commit-by %s (needs Python)",
  (commitBy) => {
    test("C09: interrupted three times, each on another machine, it does every step once and ends with the same result", {
      timeout: 60_000,
    }, async () => {
      let out = "";
      for (let interruption = 1; interruption <= 3; interruption += 1) {
        const { mock, environment } = await startMachine();
        const life = startLife({ commitBy, environment, seconds: "0.1" });
        await life.untilSays(/(^step \d+\n){2}/m);
        mock.interrupt({ action: "terminate", leadMs: 20_000 });
        expect(await life.ended, life.stderr()).toBe(75);
        expect(life.stderr()).toMatch(
          /spotproof: interrupted: \d+ of 40 steps are done, saved as checkpoint/,
        );
        out += life.stdout();
      }
      const last = startLife({ commitBy });
      expect(await last.ended, last.stderr()).toBe(0);
      expect(stepsOf(out + last.stdout())).toEqual(ALL);
      expect(resultOf(last.stdout())).toBe(await aloneResult());
    });

    test("killed without notice at seven moments, it goes on from the last durable state, and ends with the same result", {
      timeout: 90_000,
    }, async () => {
      let saved = 0;
      for (let kill = 0; kill < 7; kill += 1) {
        const life = startLife({ commitBy, more: commitBy === "spotproof" ? ["--every", "100ms"] : [] });
        await life.untilSays(/^step/m);
        await systemClock.sleep(150 + kill * 23);
        life.child.kill("SIGKILL");
        await life.ended;
        const began = Number(/^going on after step (\d+)$/m.exec(life.stdout())?.[1] ?? 0);
        // Nothing that was durable is lost, and nothing is there that was not saved at a safe point.
        expect(began).toBeGreaterThanOrEqual(saved);
        expect(began % 5).toBe(0);
        saved = began;
      }
      const last = startLife({ commitBy });
      expect(await last.ended, last.stderr()).toBe(0);
      expect(resultOf(last.stdout())).toBe(await aloneResult());
    });

    test("a crash of the program costs what was done since the last durable state, and nothing else", async () => {
      const options = { every: 5 };
      const life = startLife({
        commitBy,
        options,
        environment: { CRASH_AT: "23" },
        more: ["--retry-wait", "10ms"],
      });
      expect(await life.ended, life.stderr()).toBe(0);
      expect(resultOf(life.stdout())).toBe(await aloneResult());
      const began = /^going on after step (\d+)$/m.exec(life.stdout())?.[1];
      if (commitBy === "program") expect(began).toBe("20");
      expect(life.stderr()).toMatch(/crash/);
    });
  },
);

describe.runIf(PYTHON_IS_THERE)("a Python loop under spotproof run (needs Python)", () => {
  test("I3: continue works on after the notice until it is asked to stop, and loses nothing", async () => {
    const { mock, environment } = await startMachine();
    const options = { every: 1000, on_interruption: "continue" };
    const life = startLife({
      commitBy: "program",
      options,
      environment,
      seconds: "0.2",
      more: ["--stop-grace", "3s"],
    });
    await life.untilSays(/^step 3$/m);
    mock.interrupt({ action: "terminate", leadMs: 5000 });
    expect(await life.ended, life.stderr()).toBe(75);
    const last = startLife({ commitBy: "program", options });
    expect(await last.ended, last.stderr()).toBe(0);
    expect(stepsOf(life.stdout() + last.stdout())).toEqual(ALL);
  });

  test("a finished job shows all of its progress, and keeps one state", async () => {
    const life = startLife({ commitBy: "spotproof" });
    expect(await life.ended).toBe(0);
    const { stdout } = await bench.run(["status", "--store", "store", "--job", "chain"]);
    expect(stdout).toMatch(/40\/40 steps/);
    expect(readdirSync(join(bench.folder, "ckpt", "steps"))).toEqual(["step-000000000040"]);
  });

  test("without a folder, state that would be kept nowhere is refused, not lost", async () => {
    const args = [
      "run",
      "--job",
      "x",
      "--store",
      "store",
      "--retries",
      "0",
      "--",
      "python3",
      pythonJob("chain.py"),
      "3",
      "0",
    ];
    const end = await bench.run(args, { environment: PYTHON_ENVIRONMENT });
    expect(end.status).toBe(1);
    expect(end.stderr).toMatch(/the state has no place/);
  });

  test("spotproof init python writes what the program imports", async () => {
    expect((await bench.run(["init", "python"])).status).toBe(0);
    const args = ["run", "--job", "x", "--store", "store", "--checkpoint", "ckpt", "--", "python3", "-c"];
    const program = "import spotproof; print(spotproof.__file__, spotproof.checkpoint())";
    const end = await bench.run([...args, program]);
    expect(end.stdout).toBe(`${join(bench.folder, "spotproof.py")} 000001-000002\n`);
  });
});

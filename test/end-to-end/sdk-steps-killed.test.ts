import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { randomBelow, seededRandom } from "../../src/base/index.ts";
import { useBench } from "./run-spotproof.ts";
import { LEASE } from "./sdk-program.ts";

// Durable steps by the hundred, so that the store's thread for small objects does them, in a program that is killed again and again.

const SEED = Number(process.env["KILL_SEED"] ?? 1);
const STEPS = 600;

const bench = useBench();

/**
 * Each step writes a line before and, once `once` has said that it is durable, after. The program kills itself some time after it has
 * kept KILL_AFTER steps, KILL_IN_MS later, wherever it is then.
 */
function writeSteps(atOnce: number): string {
  const path = join(bench.folder, "steps.mjs");
  writeFileSync(
    path,
    `
    import { appendFileSync } from "node:fs";
    import { runJob } from ${JSON.stringify(resolve("dist/index.js"))};
    const say = (line) => appendFileSync("said", line + "\\n");
    const end = await runJob("steps", { store: "store", ...${JSON.stringify(LEASE)} }, async (job) => {
      let mine = 0;
      let next = 0;
      let sum = 0;
      const one = async () => {
        while (next < ${STEPS}) {
          const step = next++;
          const square = await job.once("step-" + step, () => {
            say("did " + step + " in " + job.attempt);
            mine += 1;
            return step * step;
          });
          sum += square;
          say("kept " + step);
          if (mine >= Number(process.env.KILL_AFTER))
            setTimeout(() => process.kill(process.pid, "SIGKILL"), Number(process.env.KILL_IN_MS));
        }
      };
      await Promise.all(Array.from({ length: ${atOnce} }, one));
      return sum;
    });
    console.log(end.kind, end.result ?? "");
    `,
  );
  return path;
}

test.each([1, 16])(
  "C01 C08: of durable steps, %i at once, none that was kept is done again, however often the program is killed",
  { timeout: 120_000 },
  async (atOnce) => {
    const main = writeSteps(atOnce);
    const random = seededRandom(SEED + atOnce);
    const said = join(bench.folder, "said");
    let stdout = "";
    let lives = 0;
    for (; !/^completed/m.test(stdout) && lives < 60; lives += 1) {
      const life = bench.start([], {
        main,
        environment: {
          KILL_AFTER: String(20 + randomBelow(random, 120)),
          KILL_IN_MS: String(randomBelow(random, 5)),
        },
      });
      await life.ended;
      stdout = life.stdout();
      expect(life.stderr()).not.toMatch(/Warning|internal/);
    }
    const sum = Array.from({ length: STEPS }, (_, step) => step * step).reduce((a, b) => a + b, 0);
    expect(stdout).toMatch(new RegExp(`^completed(-before)? ?(${sum})?$`, "m"));
    expect(lives).toBeGreaterThan(1);
    expect(existsSync(said)).toBe(true);
    const kept = new Set<string>();
    const again: string[] = [];
    for (const line of readFileSync(said, "utf8").trim().split("\n")) {
      const [word, step = ""] = line.split(" ");
      if (word === "kept") kept.add(step);
      else if (kept.has(step)) again.push(line);
    }
    expect(again).toEqual([]);
    expect(kept.size).toBe(STEPS);
  },
);

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { parseJobName, randomBelow, seededRandom } from "../../src/base/index.ts";
import { listCheckpoints } from "../../src/checkpoint/index.ts";
import { openFileStore } from "../../src/store/index.ts";
import { useBench } from "./run-spotproof.ts";
import { RESULT, resumedFrom, stepsOf, writeProgram } from "./sdk-program.ts";

// Programs with a job, killed with SIGKILL: at moments that a seed decides, and just before or just after what they do to the disk.
// SDK_CUTS: how many operations of the disk are cut on each side and in each way of living, 6 by default.

const CUTS = Number(process.env["SDK_CUTS"] ?? 6);
const SEED = Number(process.env["KILL_SEED"] ?? 1);

const bench = useBench();

type Way = "alone" | "with files" | "wrapped";
const WAYS: readonly Way[] = ["alone", "with files", "wrapped"];

/** One start of the program. */
function start(
  way: Way,
  environment: Record<string, string>,
  preload?: string,
): ReturnType<typeof bench.start> {
  const program = writeProgram(bench.folder);
  const node = preload === undefined ? [] : ["--import", pathToFileURL(preload).href];
  if (way === "wrapped") {
    const options = ["--heartbeat", "50ms", "--lease", "300ms", "--keep", "100", "--retry-wait", "20ms"];
    const run = ["run", "--job", "fit", "--store", "store", "--checkpoint", "ckpt", ...options];
    return bench.start([...run, "--", process.execPath, ...node, program], { environment });
  }
  const files = way === "with files" ? { FILES: "files" } : {};
  return bench.start([], {
    main: program,
    environment: {
      ...environment,
      ...files,
      ...(preload === undefined ? {} : { NODE_OPTIONS: node.join(" ") }),
    },
  });
}

/** The newest checkpoint that is durable now. */
async function newest(): Promise<string | undefined> {
  if (!existsSync(join(bench.folder, "store/jobs/fit"))) return undefined;
  const store = await openFileStore(join(bench.folder, "store"), { mode: "read" });
  return (await listCheckpoints(store, parseJobName("fit")))[0]?.id;
}

/** What is wrong with a life: it did not go on from what was durable, or came to another result. */
function problemsOf(what: string, stdout: string, before: string | undefined): readonly string[] {
  const problems: string[] = [];
  const from = resumedFrom(stdout);
  // The first checkpoint of `spotproof run` is of the folder before the program has begun: it holds no record.
  const isBeforeAll = from === "nothing" && before === "000001-000001";
  if (from !== undefined && from !== (before ?? "nothing") && !isBeforeAll)
    problems.push(`${what}: went on from ${from}, not ${before}`);
  const result = /^result .*$/m.exec(stdout)?.[0];
  if (result !== undefined && result !== RESULT) problems.push(`${what}: ${result}`);
  return problems;
}

const isDone = (stdout: string): boolean => /^(result .*|completed-before)$/m.test(stdout);

describe("a program that is killed at any moment", () => {
  test.each(WAYS)(
    "%s: comes to the same result, and no durable step is done again",
    { timeout: 120_000 },
    async (way) => {
      const random = seededRandom(SEED);
      const problems: string[] = [];
      let stdout = "";
      let lives = 0;
      for (; !isDone(stdout) && lives < 40; lives += 1) {
        const before = await newest();
        const life = start(way, { STEP_MS: "30", ITEM_MS: "10" });
        // Every third while it begins; the others from their first word on, so that they come to work however busy the computer is.
        // A job that is done says none.
        if (lives % 3 !== 2) await life.untilSays(/^attempt /m).catch(() => undefined);
        const timer = setTimeout(() => life.child.kill("SIGKILL"), 20 + randomBelow(random, 400));
        await life.ended;
        clearTimeout(timer);
        stdout = life.stdout();
        problems.push(...problemsOf(`life ${lives}`, stdout, before));
      }
      expect(problems).toEqual([]);
      expect(isDone(stdout)).toBe(true);
      expect(lives).toBeGreaterThan(1);
    },
  );
});

/**
 * Loaded before the program: counts what it does to the disk, and kills it at one of these operations, once: while the file `armed` is
 * there. Says at the end how many there were.
 */
function writePreload(folder: string): string {
  const path = join(folder, "preload.mjs");
  writeFileSync(
    path,
    `
    import fs from "node:fs/promises";
    import { rmSync, existsSync, writeFileSync } from "node:fs";
    const { KILL_SIDE, KILL_AT, KILL_ARMED, KILL_COUNTED } = process.env;
    let count = 0;
    const die = (side) => {
      if (side !== KILL_SIDE || count !== Number(KILL_AT) || !existsSync(KILL_ARMED)) return;
      rmSync(KILL_ARMED);
      process.kill(process.pid, "SIGKILL");
      for (;;);
    };
    const around = (target, name) => {
      const original = target[name];
      if (typeof original !== "function") return;
      target[name] = async function (...args) {
        count += 1;
        die("before");
        const mine = count;
        try {
          return await original.apply(this, args);
        } finally {
          if (mine === Number(KILL_AT)) {
            count = mine;
            die("after");
          }
        }
      };
    };
    const probe = await fs.open("/dev/null");
    const handles = Object.getPrototypeOf(probe);
    await probe.close();
    for (const name of ["open", "rename", "link", "unlink", "rm", "mkdir", "writeFile", "rmdir", "copyFile"]) around(fs, name);
    for (const name of ["write", "writev", "writeFile", "sync", "datasync", "truncate"]) around(handles, name);
    process.on("exit", () => writeFileSync(KILL_COUNTED, String(count)));
    `,
  );
  return path;
}

describe("a program that is killed just before and just after what it does to the disk", () => {
  test.each(WAYS)(
    "%s: comes to the same result, from the newest durable checkpoint",
    { timeout: 300_000 },
    async (way) => {
      const armed = join(bench.folder, "armed");
      const counted = join(bench.folder, "counted");
      const preload = writePreload(bench.folder);
      const environment = { KILL_ARMED: armed, KILL_COUNTED: counted };
      const places = ["store", "files", "ckpt"].map((name) => join(bench.folder, name));
      const whole = start(way, environment, preload);
      expect(await whole.ended, whole.stderr()).toBe(0);
      const operations = Number(readFileSync(counted, "utf8"));
      expect(operations).toBeGreaterThan(20);
      const problems: string[] = [];
      let killed = 0;
      for (let cut = 0; cut < 2 * CUTS; cut += 1) {
        for (const place of places) rmSync(place, { recursive: true, force: true });
        writeFileSync(armed, "");
        const side = cut % 2 === 0 ? "before" : "after";
        const at = 1 + Math.floor((operations * (cut >> 1)) / CUTS);
        const what = `${way}, killed ${side} operation ${at} of ${operations}`;
        const first = start(way, { ...environment, KILL_SIDE: side, KILL_AT: String(at) }, preload);
        await first.ended;
        if (!existsSync(armed)) killed += 1;
        const before = await newest();
        const second = isDone(first.stdout()) && way === "wrapped" ? first : start(way, environment, preload);
        await second.ended;
        if (second !== first) problems.push(...problemsOf(what, second.stdout(), before));
        else if (!second.stdout().includes(RESULT)) problems.push(`${what}: ${second.stdout()}`);
        if (!isDone(second.stdout())) problems.push(`${what}: not done: ${second.stderr()}`);
        expect(stepsOf(second.stdout()).length).toBeLessThan(40);
      }
      expect(problems).toEqual([]);
      // What goes on side by side is not the same number of operations each time.
      expect(killed).toBeGreaterThanOrEqual(CUTS);
    },
  );
});

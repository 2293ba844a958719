import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bench, languagesOf } from "./program.ts";
import { rehearse, scenarioFile } from "./rehearsing.ts";

const RESULT = "result 993383394";
/** Fast up to step 95; from there a step takes a second, which is time enough to interrupt it. */
const SLOW_AFTER_95 = { STEP_SECONDS: "0.02", SLOW_AFTER: "95" };
/** From step 90 on there is time enough for a notice of 3 s. */
const SLOW_AFTER_90 = { STEP_SECONDS: "0.01", SLOW_AFTER: "90" };
const AT_90 = "{ name: at-90, interruptions: [{ at: 90%, lead: 120s }], capacity: 10s }";
const FAST = { STEP_SECONDS: "0.001" };

/** The numbers of the steps that it printed. */
function stepsOf(...programs: readonly { readonly lines: readonly string[] }[]): number[] {
  const lines = programs.flatMap((program) => program.lines);
  return lines
    .filter((line) => line.startsWith("step "))
    .map((line) => Number(line.slice(5, line.indexOf("/"))));
}

/** Where it says that it saved: at the step that it was in when it was told to stop, so at 95 or soon after. */
function stepSavedAt(lines: readonly string[]): number {
  const saved = Number(/^told to stop: saved at step (\d+)$/.exec(lines.at(-1) ?? "")?.[1]);
  expect(saved).toBeGreaterThanOrEqual(95);
  expect(saved).toBeLessThan(100);
  return saved;
}

const ALL_STEPS = Array.from({ length: 100 }, (_, index) => index + 1);

describe.each(languagesOf("survives"))(
  "the job that keeps its progress in a folder, in $language",
  ({ skipped, command }) => {
    let bench: Bench;
    beforeEach(() => {
      bench = new Bench();
    });
    afterEach(() => bench.clear());

    test.skipIf(skipped)(
      "told to stop at step 95, it finishes its step, saves there and goes on there",
      async () => {
        const interrupted = bench.start(command, SLOW_AFTER_95);
        await interrupted.hears("step 95/100");
        interrupted.signal("SIGTERM");
        expect(await interrupted.ended).toEqual({ status: 75, signal: null });
        const saved = stepSavedAt(interrupted.lines);

        const next = bench.start(command, FAST);
        expect((await next.ended).status).toBe(0);
        expect(next.lines[0]).toBe(`going on after step ${saved}`);
        expect(stepsOf(interrupted, next)).toEqual(ALL_STEPS);
        expect(next.lines.at(-1)).toBe(RESULT);
      },
    );

    test.skipIf(skipped)("killed at step 95, it goes on at its last checkpoint, step 90", async () => {
      const killed = bench.start(command, SLOW_AFTER_95);
      await killed.hears("step 95/100");
      killed.signal("SIGKILL");
      await killed.ended;

      const next = bench.start(command, FAST);
      expect((await next.ended).status).toBe(0);
      expect(next.lines[0]).toBe("going on after step 90");
      expect(next.lines.at(-1)).toBe(RESULT);
    });

    test.skipIf(skipped)("started again when it is done, it only says its result", async () => {
      await bench.start(command, FAST).ended;
      const again = bench.start(command, FAST);
      expect((await again.ended).status).toBe(0);
      expect(again.lines).toEqual(["going on after step 100", RESULT]);
    });

    test.skipIf(skipped)("it reports its progress over the job channel", async () => {
      const calls: string[] = [];
      const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        calls.push(`${request.method} ${request.url} ${await text(request)}`);
        response.writeHead(204).end();
      };
      const server = createServer((request, response) => void take(request, response));
      const socket = join(bench.folder, "job.sock");
      try {
        await once(server.listen(socket), "listening");
        const job = bench.start(command, { ...FAST, SPOTPROOF_SOCKET: socket });
        expect((await job.ended).status).toBe(0);
        const bodies = calls.map((call) => JSON.parse(call.replace("POST /progress ", "")) as unknown);
        const tens = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
        expect(bodies).toEqual(tens.map((done) => ({ done, total: 100, unit: "steps" })));
        expect(job.words).toEqual([]);
      } finally {
        server.close();
      }
    });

    test.skipIf(skipped)("a job channel that does not answer does not stop the work", async () => {
      const job = bench.start(command, { ...FAST, SPOTPROOF_SOCKET: join(bench.folder, "nothing.sock") });
      expect((await job.ended).status).toBe(0);
      expect(job.lines.at(-1)).toBe(RESULT);
      expect(job.words[0]).toMatch(/^progress was not reported: /);
    });

    test.skipIf(skipped)(
      "rehearsed, its machine announced to go away at step 90: it goes on with the very next step elsewhere",
      { timeout: 90_000 },
      async () => {
        const scenario = scenarioFile(bench, AT_90);
        const { status, job, story } = await rehearse(bench, {
          options: ["--scenario", scenario, "--no-alone", "--speed", "40x"],
          command,
          environment: SLOW_AFTER_90,
        });
        expect(status, story).toBe(0);
        expect(job.attempts, story).toHaveLength(2);
        const [interrupted, next] = job.attempts;
        expect(interrupted?.end, story).toMatchObject({ kind: "interrupted", status: 75 });
        expect(next?.resumedFrom, story).toBe(interrupted?.saves.at(-1)?.id);
        expect(interrupted?.lostProgress, story).toBe(0);

        const saved = interrupted?.progress.at(-1)?.done ?? 0;
        expect(saved, story).toBeGreaterThanOrEqual(90);
        expect(job.lastWords, story).toContain(`going on after step ${saved}`);
        const steps = stepsOf({ lines: job.lastWords });
        expect(steps, story).toEqual(ALL_STEPS.slice(-steps.length));
        expect(job.lastWords, story).toContain(RESULT);
      },
    );
  },
);

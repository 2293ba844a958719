import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ANNOUNCED, type FakeChannel, openFakeChannel } from "./fake-channel.ts";
import { PYTHONS, PYTHON_IS_THERE, pythonJob, usePython } from "./pythons.ts";

// What spotproof.py asks the job channel, and what it makes of every answer.

const python = usePython();
const opened: FakeChannel[] = [];
afterEach(async () => {
  for (const channel of opened.splice(0)) await channel.close();
});

async function open(where?: "url"): Promise<FakeChannel> {
  const channel = await openFakeChannel(python.folder, where);
  opened.push(channel);
  return channel;
}

const run = (channel: FakeChannel, text: string, more: Readonly<Record<string, string>> = {}) =>
  python.run(`import os, signal, sys, time\nimport spotproof\n${text}`, {
    environment: { ...channel.environment, ...more },
  });

const chain = (channel: FakeChannel, options: object, seconds = "0.02", program = "python3") =>
  python.start([pythonJob("chain.py"), "40", seconds], {
    program,
    environment: {
      ...channel.environment,
      SPOTPROOF_CHECKPOINT: join(python.folder, "ckpt"),
      OPTIONS: JSON.stringify(options),
    },
  });

const stepsOf = (out: string): number[] =>
  [...out.matchAll(/^step (\d+)$/gm)].map((match) => Number(match[1]));
const states = (): readonly string[] => readdirSync(join(python.folder, "ckpt", "steps"));
const stateAfter = (step: number | undefined): string => `step-${String(step).padStart(12, "0")}`;

describe.runIf(PYTHON_IS_THERE)("single calls (needs Python)", () => {
  test.each(["socket", "url"] as const)(
    "checkpoint() returns the name of what is durable, over the %s",
    async (where) => {
      const channel = await open(where === "url" ? where : undefined);
      expect((await run(channel, "print(spotproof.checkpoint())")).out).toBe("000001-000007\n");
      expect(channel.calls).toEqual(["POST /checkpoint"]);
    },
  );

  test.each([
    [
      503,
      { error: "store-full", message: "The store is full.", advice: "Free room." },
      "CheckpointFailed: The store is full. Free room. [store-full]",
    ],
    [
      409,
      { error: "fenced-out", message: "A later attempt has taken over this job." },
      "FencedOut: A later attempt has taken over this job.",
    ],
    [200, { durable: false }, "CheckpointFailed: "],
    [500, "what", "CheckpointFailed: "],
  ])("checkpoint() answered with %s %j raises %s", async (status, body, words) => {
    const channel = await open();
    channel.answer("POST /checkpoint", { status, body });
    const end = await run(channel, "spotproof.checkpoint()");
    expect(end.status).toBe(1);
    expect(end.err).toContain(`spotproof.${words}`);
  });

  test("checkpoint() does not wait for ever", async () => {
    const channel = await open();
    channel.answer("POST /checkpoint", "silence");
    const end = await run(channel, "spotproof.checkpoint(timeout=0.2)");
    expect(end.err).toMatch(/CheckpointFailed: .*no answer within 0.2 s/);
  });

  test("interruption() says what is announced; interrupted() forgets what was taken back", async () => {
    const channel = await open();
    channel.answer("GET /interruption", ANNOUNCED);
    const asking = python.start(
      [
        "-c",
        "import spotproof, time\nprint(spotproof.interruption(), flush=True)\nwhile spotproof.interrupted(): time.sleep(0.05)\nprint('gone')",
      ],
      { environment: channel.environment },
    );
    await asking.untilSays(/Interruption\(action='terminate', .*remaining=120.0, source='ec2-metadata'/);
    channel.answer("GET /interruption", { status: 404 });
    expect((await asking.ended).out).toMatch(/gone\n$/);
  });

  test("an announcement that cannot be read is an announcement", async () => {
    const channel = await open();
    channel.answer("GET /interruption", { status: 200, body: ["soon"] });
    expect((await run(channel, "print(spotproof.interrupted())")).out).toBe("True\n");
  });

  test("progress() is sent rarely, and the newest always", async () => {
    const channel = await open();
    const text = `
class Int64:
    def __float__(self): return 7.0
spotproof.progress(Int64(), unit="files")
for done in range(100): spotproof.progress(done, 1000)
`;
    expect((await run(channel, text)).err).toBe("");
    expect(channel.calls.length).toBeLessThan(5);
    expect(channel.calls[0]).toBe('POST /progress {"done": 7.0, "unit": "files"}');
    expect(channel.calls.at(-1)).toBe('POST /progress {"done": 99, "total": 1000}');
  });

  test("trouble with progress is said once and ends nothing", async () => {
    const channel = await open();
    channel.answer("POST /progress", { status: 400, body: { message: '"done" must be a number' } });
    const end = await run(channel, "for _ in range(3): spotproof.progress(5, 5)\nprint('on')");
    expect(end).toMatchObject({ status: 0, out: "on\n" });
    expect(end.err.match(/progress was not taken \(400\)/g)).toHaveLength(1);
    const nobody = await python.run("import spotproof\nspotproof.progress(1)\nprint('on')", {
      environment: { SPOTPROOF_SOCKET: join(python.folder, "nothing.sock") },
    });
    expect(nobody).toMatchObject({ status: 0, out: "on\n" });
    expect(nobody.err).toMatch(/nothing.sock\) does not answer: .*The job goes on/);
  });

  test.each([
    [{}, "True"],
    [{ RANK: "0" }, "True"],
    [{ RANK: "3" }, "False"],
    [{ SLURM_PROCID: "1" }, "False"],
  ])("is_saver() with %j is %s", async (environment, expected) => {
    const end = await python.run("import spotproof; print(spotproof.is_saver())", { environment });
    expect(end.out).toBe(`${expected}\n`);
  });
});

describe.runIf(PYTHON_IS_THERE)("steps, when an interruption is announced (needs Python)", () => {
  let channel: FakeChannel;
  beforeEach(async () => {
    channel = await open();
  });

  test("raise: saves after the step, makes a checkpoint, and ends with 75 through the finally blocks", async () => {
    const job = chain(channel, { every: 1000 });
    await job.untilSays(/^step 3$/m);
    channel.answer("GET /interruption", ANNOUNCED);
    const end = await job.ended;
    expect(end.status).toBe(75);
    const last = stepsOf(end.out).at(-1);
    expect(last).toBeLessThan(40);
    expect(states()).toEqual([stateAfter(last)]);
    expect(channel.calls.at(-1)).toBe("POST /checkpoint");
    expect(channel.calls.at(-2)).toBe(`POST /progress {"done": ${last}, "total": 40, "unit": "steps"}`);
    expect(end.err).toBe(
      `spotproof: interrupted: ${last} of 40 steps are done, saved as checkpoint 000001-000007.\n`,
    );
    channel.answer("GET /interruption", { status: 404 });
    const next = await chain(channel, { every: 1000 }, "0").ended;
    expect(stepsOf(end.out + next.out)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
  });

  test("finally blocks run, and the status is what the environment says", async () => {
    channel.answer("GET /interruption", ANNOUNCED);
    const text = `
try:
    for step in spotproof.steps(10): pass
except spotproof.Interrupted as end:
    print(end.step, end.checkpoint, end.code)
    raise
finally:
    print("finally")
`;
    const end = await run(channel, text, { SPOTPROOF_STATUS_AGAIN: "76" });
    expect(end).toMatchObject({ status: 76, out: "1 None 76\nfinally\n" });
  });

  test("stop: ends the loop, and lets the program decide", async () => {
    const job = chain(channel, { every: 1000, on_interruption: "stop" });
    await job.untilSays(/^step 3$/m);
    channel.answer("GET /interruption", ANNOUNCED);
    const end = await job.ended;
    expect(end.status).toBe(0);
    expect(end.out).not.toMatch(/result/);
    expect(states()).toEqual([stateAfter(stepsOf(end.out).at(-1))]);
  });

  test("continue: saves at once, works on, and ends when it is asked to stop", async () => {
    const job = chain(channel, { every: 1000, on_interruption: "continue" });
    await job.untilSays(/^step 3$/m);
    channel.answer("GET /interruption", ANNOUNCED);
    await job.untilSays(/^step 32$/m);
    expect(channel.calls.filter((call) => call === "POST /checkpoint")).toHaveLength(1);
    const [early] = states();
    job.child.kill("SIGTERM");
    const end = await job.ended;
    expect(end.status).toBe(75);
    const last = stepsOf(end.out).at(-1);
    expect(early).not.toBe(stateAfter(last));
    expect(states()).toEqual([stateAfter(last)]);
    expect(channel.calls.filter((call) => call === "POST /checkpoint")).toHaveLength(2);
  });

  test("the last step is more important: what is done ends as completed", async () => {
    channel.answer("GET /interruption", ANNOUNCED);
    const end = await run(channel, "for step in spotproof.steps(1): pass\nprint('done')");
    expect(end).toMatchObject({ status: 0, out: "done\n" });
    expect(channel.calls).toEqual(['POST /progress {"done": 1, "total": 1, "unit": "steps"}']);
  });

  test("a checkpoint that cannot be made is said, and the state in the folder stands", async () => {
    channel.answer("POST /checkpoint", { status: 503, body: { error: "store-full", message: "Full." } });
    channel.answer("GET /interruption", ANNOUNCED);
    const end = await chain(channel, { every: 1000 }).ended;
    expect(end.status).toBe(75);
    expect(end.err).toMatch(/after 1 steps: Full. \[store-full\]\n.*1 of 40 steps are done, saved\.\n/);
    expect(states()).toEqual([stateAfter(1)]);
  });

  test("fenced out: the job ends with an error that says so", async () => {
    channel.answer("POST /checkpoint", { status: 409, body: { message: "A later attempt has taken over." } });
    const end = await chain(channel, { every: 5, durable: true }).ended;
    expect(end.status).toBe(1);
    expect(stepsOf(end.out)).toEqual([1, 2, 3, 4, 5]);
    expect(end.err).toMatch(/spotproof.FencedOut: A later attempt has taken over/);
  });

  test("durable, or --commit-by program: every save is a checkpoint; otherwise none is asked for", async () => {
    const count = () => channel.calls.filter((call) => call === "POST /checkpoint").length;
    await chain(channel, { every: 10, name: "a" }, "0").ended;
    expect(count()).toBe(0);
    await chain(channel, { every: 10, durable: true, name: "b" }, "0").ended;
    expect(count()).toBe(4);
    await python.start([pythonJob("chain.py"), "40", "0"], {
      environment: {
        ...channel.environment,
        SPOTPROOF_CHECKPOINT: join(python.folder, "ckpt"),
        SPOTPROOF_COMMIT_BY: "program",
      },
    }).ended;
    expect(count()).toBe(12);
  });

  test("state that has no place is refused at once", async () => {
    const end = await run(channel, "spotproof.steps(3, save=print, load=print)");
    expect(end.err).toMatch(/the state has no place: start the job with `spotproof run --checkpoint/);
  });

  test("a slow step is compared with what the announcement leaves", async () => {
    channel.answer("GET /interruption", { status: 200, body: { ...ANNOUNCED.body, remainingMs: 40 } });
    const end = await run(channel, "for step in spotproof.steps(3): time.sleep(0.1)");
    expect(end.status).toBe(75);
    expect(end.err).toMatch(/a step took 0 s, but an interruption leaves 0 s/);
  });
});

describe.runIf(PYTHON_IS_THERE)("cost and trouble (needs Python)", () => {
  test("a loop of many fast steps asks at most every half second", async () => {
    const channel = await open();
    const begun = performance.now();
    await run(channel, "for step in spotproof.steps(1_000_000): pass");
    const seconds = (performance.now() - begun) / 1000;
    const asked = channel.calls.filter((call) => call === "GET /interruption").length;
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(seconds / 0.5 + 1);
  });

  test("E2: a channel that hangs costs a moment, is said once, and the job goes on", async () => {
    const channel = await open();
    for (const call of ["GET /interruption", "POST /progress"]) channel.answer(call, "silence");
    const text =
      "spotproof.CALL_SECONDS = 0.1\nfor step in spotproof.steps(20): time.sleep(0.05)\nprint('done')";
    const end = await run(channel, text);
    expect(end).toMatchObject({ status: 0, out: "done\n" });
    expect(end.err.match(/does not answer: no answer within 0.1 s. The job goes on/g)).toHaveLength(1);
    // A call that took 0.1 s is followed by a rest of 1 s.
    expect(channel.calls.length).toBeLessThanOrEqual(4);
  });
});

describe.runIf(PYTHON_IS_THERE)("SIGTERM (needs Python)", () => {
  test("S07: within steps it only sets a flag; the loop saves after the step and ends with 75", async () => {
    const channel = await open();
    const job = chain(channel, { every: 1000 });
    await job.untilSays(/^step 3$/m);
    job.child.kill("SIGTERM");
    const end = await job.ended;
    expect(end.status).toBe(75);
    expect(states()).toEqual([stateAfter(stepsOf(end.out).at(-1))]);
  });

  test("the handler that was there is called, and is there again afterwards", async () => {
    const channel = await open();
    const text = `
def mine(number, frame): print("mine", number)
signal.signal(signal.SIGTERM, mine)
try:
    for step in spotproof.steps(9):
        if step == 2: os.kill(os.getpid(), signal.SIGTERM)
except spotproof.Interrupted: print("interrupted after", step)
print(signal.getsignal(signal.SIGTERM) is mine, spotproof.interrupted())
`;
    expect((await run(channel, text)).out).toBe("mine 15\ninterrupted after 2\nTrue True\n");
  });

  test.each([
    ["an ignored one stays ignored", "signal.signal(signal.SIGTERM, signal.SIG_IGN)", "signal.SIG_IGN"],
    ["a loop that is left early gives it back", "", "signal.SIG_DFL"],
  ])("%s", async (_name, before, after) => {
    const channel = await open();
    const text = `${before}\nfor step in spotproof.steps(9):\n    if step == 2: break\nprint(signal.getsignal(signal.SIGTERM) is ${after})`;
    expect((await run(channel, text)).out).toBe("True\n");
  });

  test("in another thread the loop works without it", async () => {
    const channel = await open();
    const text = `
import threading
def work():
    for step in spotproof.steps(3): print(step)
thread = threading.Thread(target=work); thread.start(); thread.join()
`;
    expect(await run(channel, text)).toMatchObject({ status: 0, out: "0\n1\n2\n", err: "" });
  });

  test("S06: a forked worker dies of it as ever, so that a pool can be ended", async () => {
    const channel = await open();
    const text = `
import multiprocessing
fork = multiprocessing.get_context("fork")
for step in spotproof.steps(2):
    pool = fork.Pool(2)
    print(pool.map(abs, [-1, -2]), flush=True)
    worker = fork.Process(target=time.sleep, args=(20,)); worker.start()
    os.kill(worker.pid, signal.SIGTERM); worker.join(); print(worker.exitcode)
    pool.terminate(); pool.join()
`;
    const end = await run(channel, text);
    expect(end).toMatchObject({ status: 0, out: "[1, 2]\n-15\n[1, 2]\n-15\n" });
  });
});

describe.each(PYTHONS)("on Python $version", ({ program }) => {
  test("an interruption is heard over the socket, and the next start goes on with the next step", async () => {
    const channel = await open();
    const job = chain(channel, { every: 1000 }, "0.02", program);
    await job.untilSays(/^step 3$/m);
    channel.answer("GET /interruption", ANNOUNCED);
    const first = await job.ended;
    channel.answer("GET /interruption", { status: 404 });
    const second = await chain(channel, { every: 1000 }, "0", program).ended;
    expect([first.status, second.status]).toEqual([75, 0]);
    expect(stepsOf(first.out + second.out)).toEqual(Array.from({ length: 40 }, (_, at) => at + 1));
  });
});

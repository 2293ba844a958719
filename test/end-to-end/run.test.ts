import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jobFile, useBench } from "./run-spotproof.ts";

const bench = useBench();
const store = ["--job", "count", "--store", "store"];
const folder = ["--checkpoint", "ckpt"];
const quick = ["--heartbeat", "100ms", "--lease", "400ms"];
const withFolder = ["run", ...store, ...folder, ...quick];
const counts = (steps: number, seconds: string): string[] => [
  "--",
  jobFile("counts.sh"),
  String(steps),
  seconds,
];
const stepsIn = (output: string): number[] =>
  [...output.matchAll(/^step (\d+)$/gm)].map((match) => Number(match[1]));

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

describe("a command under spotproof run", () => {
  test("gets its arguments whole, also those that look like ours", async () => {
    const end = await bench.run([
      "run",
      ...store,
      "--",
      "printf",
      "%s|",
      "--store",
      "x",
      "--version",
      "a b",
      "--",
    ]);
    expect(end).toMatchObject({ status: 0, stdout: "--store|x|--version|a b|--|" });
  });

  test("has its output passed through untouched and in order, with our own words on standard error only", async () => {
    const end = await bench.run(["run", ...store, "--", jobFile("talks.sh")]);
    expect(end.stdout).toBe("out 1\nout 2\nout 3\nout 4\nout 5\n");
    expect(end.stderr.split("\n").filter((line) => line.startsWith("err"))).toEqual([
      "err 1",
      "err 2",
      "err 3",
      "err 4",
      "err 5",
    ]);
  });

  test("that fails for good gives its own status, as a shell would", async () => {
    const failing = await bench.run(["run", ...store, "--retries", "0", "--", "sh", "-c", "exit 3"]);
    expect(failing.status).toBe(3);
    const killed = await bench.run(["run", ...store, "--retries", "0", "--", "sh", "-c", "kill -SEGV $$"]);
    expect(killed.status).toBe(139);
  });

  test("that fails is started again, within its budget, and J5: no interruption counts there", async () => {
    const end = await bench.run([
      "run",
      ...store,
      "--retry-wait",
      "1ms",
      "--retries",
      "2",
      "--",
      jobFile("fails-n-times.sh"),
      join(bench.folder, "lives"),
      "3",
    ]);
    expect(end.stdout).toBe("life 1\nlife 2\nlife 3\n");
    expect(end.status).toBe(0);
    const spent = await bench.run([
      "run",
      "--job",
      "other",
      "--store",
      "store",
      "--retry-wait",
      "1ms",
      "--retries",
      "1",
      "--",
      jobFile("fails-n-times.sh"),
      join(bench.folder, "others"),
      "9",
    ]);
    expect(spent.stdout).toBe("life 1\nlife 2\n");
    expect(spent.status).toBe(3);
  });

  test("C14: begins each life after a failure from its last checkpoint, not from what the crash has left", async () => {
    const script = 'echo "sees $(cat $SPOTPROOF_CHECKPOINT/x)"; echo torn >$SPOTPROOF_CHECKPOINT/x; exit 1';
    const prepare = "mkdir -p ckpt; echo whole >ckpt/x";
    await bench.run(["run", "--job", "setup", "--store", "store", "--", "sh", "-c", prepare]);
    const end = await bench.run([
      ...withFolder,
      "--retry-wait",
      "1ms",
      "--retries",
      "2",
      "--",
      "sh",
      "-c",
      script,
    ]);
    expect(end.stdout).toBe("sees whole\nsees whole\nsees whole\n");
    expect(end.status).toBe(1);
  });

  test("J4: that is completed is not run again: starting it ends at once with 0", async () => {
    expect(await bench.run([...withFolder, ...counts(2, "0")])).toMatchObject({ status: 0 });
    const again = await bench.run([...withFolder, ...counts(2, "0")]);
    expect(again).toMatchObject({ status: 0, stdout: "" });
    expect(again.stderr).toMatch(/already|was completed by attempt 1/);
  });

  test("E1: is completed only with its last state in the store", async () => {
    await bench.run([...withFolder, ...counts(3, "0")]);
    const end = await bench.run(["checkpoints", "restore", ...store, "--to", "out"]);
    expect(end.status).toBe(0);
    expect(readFileSync(join(bench.folder, "out", "n"), "utf8")).toBe("3\n");
  });

  test("that closes its output goes on to its end", async () => {
    const end = await bench.run(["run", ...store, "--", "sh", "-c", "exec >&- 2>&-; sleep 0.05; exit 0"]);
    expect(end.status).toBe(0);
  });

  test("survives that nobody reads our own lines any more", async () => {
    const started = bench.start([...withFolder, "--every", "100ms", "--", "sleep", "0.5"]);
    started.child.stderr?.destroy();
    expect(await started.ended).toBe(0);
  });

  test.runIf(process.platform === "linux")(
    "E2: goes on, is saved and ends in time while nobody empties the pipe that takes our lines",
    async () => {
      const started = bench.start([...withFolder, "--signal-grace", "1s", ...counts(1000, "0.02")], {
        // The pipe is open, as full as it gets, and stays so.
        prefix: [
          "sh",
          "-c",
          'mkfifo full; exec 3<>full; head -c 65536 /dev/zero >&3; exec "$@" 2>full',
          "sh",
        ],
      });
      await started.untilSays(/^step 5$/m);
      started.child.kill("SIGTERM");
      expect(await started.ended).toBe(75);
      const next = await bench.run([...withFolder, ...counts(1, "0")]);
      expect(next.stdout).toMatch(/^begin at [1-9]/);
    },
  );

  test("--log-format json: each of our lines is one object with an event, and the command's lines are untouched", async () => {
    const end = await bench.run([...withFolder, "--log-format", "json", ...counts(1, "0")]);
    const events = end.stderr
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toContain("saved");
    expect(events.at(-1)).toBe("attempt-ended");
  });
});

describe("an interruption by signal", () => {
  test("S01 S11: SIGTERM saves, ends the command, and says 75; started again it goes on, and nothing is done twice", async () => {
    const first = bench.start([...withFolder, "--signal-grace", "600ms", ...counts(200, "0.02")]);
    await first.untilSays(/^step 5$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = await bench.run([...withFolder, ...counts(200, "0")]);
    expect(second.status).toBe(0);
    // It may have been ended between writing its state and saying so.
    const reached = Math.max(...stepsIn(first.stdout()));
    const [begun = 0] = stepsIn(second.stdout);
    expect([reached + 1, reached + 2]).toContain(begun);
    expect(stepsIn(second.stdout).at(-1)).toBe(200);
  });

  test("D21 I3: the command is not ended while there is time to let it work", async () => {
    const first = bench.start([...withFolder, "--signal-grace", "3s", ...counts(1000, "0.02")]);
    await first.untilSays(/^step 2$/m);
    const before = stepsIn(first.stdout()).length;
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    expect(stepsIn(first.stdout()).length - before).toBeGreaterThan(20);
  });

  test("S08: a command that ignores the stop signal is killed in time, and it is still an interruption", async () => {
    const started = bench.start([...withFolder, "--signal-grace", "1s", "--", jobFile("ignores-term.sh")]);
    await started.untilSays(/^ready$/m);
    const asked = performance.now();
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(75);
    expect(performance.now() - asked).toBeLessThan(2000);
    expect(started.stderr()).toMatch(/had to kill .*did not end when asked/);
  });

  test("S07: signals that come while a save is under way tear nothing: what was told to be saved can be restored", async () => {
    const started = bench.start([
      ...withFolder,
      "--every",
      "100ms",
      "--signal-grace",
      "600ms",
      "--",
      "sh",
      "-c",
      "i=0; while :; do i=$((i + 1)); head -c 3000000 /dev/urandom >ckpt/$((i % 5)); done",
    ]);
    await started.untilSays(/checkpoint 000001-000002 saved/);
    for (const signal of ["SIGUSR1", "SIGTERM", "SIGTERM", "SIGHUP"] as const) started.child.kill(signal);
    expect(await started.ended).toBe(75);
    const verified = await bench.run(["checkpoints", "verify", ...store]);
    expect(verified.stdout).not.toMatch(/DAMAGED/);
    expect(verified.status).toBe(0);
  });

  test("S05: the notice signal reaches the command when the interruption is heard", async () => {
    const script = 'trap "echo told" USR1; echo ready; while :; do sleep 0.02; done';
    const started = bench.start([
      ...withFolder,
      "--notice-signal",
      "USR1",
      "--signal-grace",
      "4s",
      "--",
      "sh",
      "-c",
      script,
    ]);
    await started.untilSays(/^ready$/m);
    started.child.kill("SIGTERM");
    await started.untilSays(/^told$/m);
    expect(await started.ended).toBe(75);
  });

  test("S06: with --stop-to leader only the first process is asked at first", async () => {
    const script =
      '(trap "echo helper asked" TERM; while :; do sleep 0.02; done) & trap "echo leader asked; exit 75" TERM; echo ready; while :; do sleep 0.02; done';
    const started = bench.start([
      ...withFolder,
      "--stop-to",
      "leader",
      "--signal-grace",
      "2s",
      "--",
      "sh",
      "-c",
      script,
    ]);
    await started.untilSays(/^ready$/m);
    started.child.kill("SIGTERM");
    expect(await started.ended).toBe(75);
    expect(started.stdout()).toMatch(/leader asked\n(.*\n)*helper asked/);
  });

  test("S12: during the restore it gives that up, says 75, and the next attempt restores whole", async () => {
    writeFileSync(
      join(bench.folder, "make.sh"),
      "mkdir -p ckpt; head -c 150000000 /dev/zero | tr '\\0' 'x' >ckpt/big; echo 1 >ckpt/n",
    );
    await bench.run(["run", "--job", "setup", "--store", "store", "--", "sh", "make.sh"]);
    const first = bench.start([...withFolder, "--signal-grace", "1s", ...counts(1000, "0.02")]);
    await first.untilSays(/^step 2$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = bench.start([...withFolder, "--log-format", "json", ...counts(1000, "0.02")]);
    await second.untilSays(/"event":"restoring"/);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(75);
    expect(second.stdout()).toBe("");
    const third = bench.start([...withFolder, ...counts(5, "0.02")]);
    expect(await third.ended).toBe(0);
  });
});

describe("a terminal that closes", () => {
  test("S01: is an interruption: SIGHUP saves, ends the command, and says 75", async () => {
    const started = bench.start([...withFolder, "--signal-grace", "600ms", ...counts(1000, "0.02")]);
    await started.untilSays(/^step 2$/m);
    started.child.kill("SIGHUP");
    expect(await started.ended).toBe(75);
    expect(started.stderr()).toMatch(/SIGHUP was received[^]*saved \(final\)/);
  });

  test.runIf(process.platform === "linux").each([
    ["nohup in front", ["nohup"], { _: "/usr/bin/nohup" }],
    ["nohup in front of the script that starts it", ["nohup", "sh", "-c", '"$@"; exit $?', "sh"], {}],
  ])("means nothing with %s", async (_name, prefix, environment) => {
    const started = bench.start([...withFolder, ...counts(20, "0.02")], {
      prefix,
      environment,
    });
    await started.untilSays(/^step 2$/m);
    const [script] = prefix.length > 1 ? childrenOf(started.pid) : [started.pid];
    process.kill(script ?? 0, "SIGHUP");
    expect(await started.ended).toBe(0);
    expect(stepsIn(started.stdout()).at(-1)).toBe(20);
  });
});

describe("signals that mean nothing to spotproof", () => {
  test.each(["SIGUSR1", "SIGUSR2"] as const)(
    "%s does no harm while it stands by or waits to start again",
    async (signal) => {
      const first = bench.start([...withFolder, "--retry-wait", "1h", "--", "false"]);
      await first.untilSays(/starting the command again/);
      const second = bench.start([...withFolder, "--", "true"]);
      await second.untilSays(/standing by/);
      for (const { child } of [first, second]) child.kill(signal);
      second.child.kill("SIGTERM");
      expect(await second.ended).toBe(75);
      first.child.kill("SIGTERM");
      expect(await first.ended).toBe(75);
      expect(first.stderr() + second.stderr()).not.toMatch(/Debugger/);
    },
  );
});

describe("Ctrl-C", () => {
  test("S13: ends in order with a last save and status 130; starting again goes on", async () => {
    const first = bench.start([...withFolder, ...counts(1000, "0.02")]);
    await first.untilSays(/^step 3$/m);
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(130);
    const reached = Math.max(...stepsIn(first.stdout()));
    const second = await bench.run([...withFolder, ...counts(reached + 1, "0")]);
    expect(second.stdout).toMatch(/^begin at [1-9]/);
    expect(second.status).toBe(0);
  });

  test("S13: Ctrl-\\ (SIGQUIT) ends at once, and the next start need not wait for a lease", async () => {
    const started = bench.start([...withFolder, "--", jobFile("ignores-term.sh")]);
    await started.untilSays(/^ready$/m);
    started.child.kill("SIGQUIT");
    expect(await started.ended).toBe(130);
    expect(started.stderr()).toMatch(/attempt ended: stopped/);
  });

  test("S13: pressed twice ends at once", async () => {
    const started = bench.start([...withFolder, "--", jobFile("ignores-term.sh")]);
    await started.untilSays(/^ready$/m);
    started.child.kill("SIGINT");
    await started.untilSays(/ending the command with SIGINT/);
    started.child.kill("SIGINT");
    expect(await started.ended).toBe(130);
  });
});

describe("nobody survives", () => {
  test("S02 S03: a daemon that the command leaves behind is waited for, killed, and named", async () => {
    const end = await bench.run([
      "run",
      ...store,
      "--linger",
      "100ms",
      "--",
      jobFile("leaves-daemon.sh"),
      "pid",
    ]);
    expect(end.status).toBe(0);
    expect(end.stderr).toMatch(/had to kill .*left behind by the command/);
  });

  test("S03: children that the command leaves may end by themselves within --linger", async () => {
    const end = await bench.run(["run", ...store, "--", "sh", "-c", "(sleep 0.2; echo late) & echo early"]);
    expect(end).toMatchObject({ status: 0, stdout: "early\nlate\n" });
    expect(end.stderr).not.toMatch(/had to kill/);
  });

  test("I4 D08: kill -9 of spotproof ends the command too, and the next attempt takes over after the lease", async () => {
    const first = bench.start([...withFolder, "--every", "100ms", ...counts(1000, "0.02")]);
    await first.untilSays(/checkpoint 000001-000003 saved/);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = bench.start([...withFolder, ...counts(60, "0")]);
    expect(await second.ended).toBe(0);
    expect(second.stderr()).toMatch(/going on from checkpoint 000001-/);
    expect(second.stdout()).toMatch(/^begin at [1-9]/);
  });
});

describe("two at once", () => {
  test("K19: a second start stands by, and takes over when the first is interrupted", async () => {
    const first = bench.start([...withFolder, "--signal-grace", "500ms", ...counts(400, "0.02")]);
    await first.untilSays(/^step 2$/m);
    const second = bench.start([...withFolder, ...counts(400, "0")]);
    await second.untilSays(/standing by/);
    expect(second.stdout()).toBe("");
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    expect(await second.ended).toBe(0);
    expect(second.stdout()).toMatch(/^begin at [1-9]/);
  });

  test("K19: with --if-running leave a second start leaves with 73", async () => {
    const first = bench.start([...withFolder, ...counts(1000, "0.02")]);
    await first.untilSays(/^step 1$/m);
    expect((await bench.run([...withFolder, "--if-running", "leave", ...counts(40, "0.02")])).status).toBe(
      73,
    );
    first.child.kill("SIGINT");
    expect(await first.ended).toBe(130);
  });

  test("K01 J3: an attempt that was frozen and overtaken ends its command at once and spoils nothing", async () => {
    const first = bench.start([...withFolder, "--every", "100ms", ...counts(1000, "0.02")], {
      workingFolder: join(bench.folder, "a"),
      environment: { SPOTPROOF_STORE: "" },
    });
    await first.untilSays(/^step 3$/m);
    first.child.kill("SIGSTOP");
    const second = bench.start(
      [...withFolder.map((word) => (word === "store" ? "../a/store" : word)), ...counts(60, "0.02")],
      { workingFolder: join(bench.folder, "b") },
    );
    await second.untilSays(/^step/m);
    first.child.kill("SIGCONT");
    expect(await first.ended).toBe(76);
    expect(await second.ended).toBe(0);
    expect(Math.max(...stepsIn(second.stdout()))).toBe(60);
    expect(readdirSync(join(bench.folder, "a/store/jobs/count/attempts"))).toEqual(["000001", "000002"]);
  });
});

describe("the job channel from a shell", () => {
  test("a checkpoint is durable when the command returns, progress is shown by status, and both need no library", async () => {
    const main = join(process.cwd(), "dist/cli/main.js");
    const script = `node ${main} progress 40/100 --unit files && echo 40 >ckpt/n && node ${main} checkpoint && kill -9 $$`;
    const end = await bench.run([...withFolder, "--retries", "0", "--", "sh", "-c", script]);
    expect(end.status).toBe(137);
    expect(end.stdout).toMatch(/^000001-000002$/m);
    const shown = await bench.run(["status", "--store", "store"]);
    expect(shown.stdout).toMatch(/40\/100 files/);
    const restored = await bench.run(["checkpoints", "restore", ...store, "--to", "out"]);
    expect(restored.status).toBe(0);
    expect(readFileSync(join(bench.folder, "out", "n"), "utf8")).toBe("40\n");
  });

  test("with --commit-by program nothing is saved but what the program asks for", async () => {
    const main = join(process.cwd(), "dist/cli/main.js");
    const script = `echo 1 >ckpt/n; node ${main} checkpoint; echo torn >ckpt/n; echo ready; while :; do sleep 0.02; done`;
    const first = bench.start([
      ...withFolder,
      "--commit-by",
      "program",
      "--signal-grace",
      "1s",
      "--",
      "sh",
      "-c",
      script,
    ]);
    await first.untilSays(/^ready$/m);
    first.child.kill("SIGTERM");
    expect(await first.ended).toBe(75);
    const second = await bench.run([...withFolder, "--", "cat", "ckpt/n"]);
    expect(second.stdout).toBe("1\n");
  });
});

const canMakePidNamespace = process.platform === "linux" && process.getuid?.() === 0;

describe.runIf(canMakePidNamespace)("as PID 1 of a container", () => {
  test("S01: signals arrive, the status is right, and nobody survives", async () => {
    const prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"];
    const started = bench.start(
      [
        ...withFolder,
        "--signal-grace",
        "1s",
        "--",
        "sh",
        "-c",
        "setsid sleep 200 & echo pid $$; trap 'exit 75' TERM; while :; do sleep 0.02; done",
      ],
      { prefix },
    );
    await started.untilSays(/^pid \d+$/m);
    const inside = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, "utf8").trim();
    process.kill(Number(inside), "SIGTERM");
    expect(await started.ended).toBe(75);
  });
});

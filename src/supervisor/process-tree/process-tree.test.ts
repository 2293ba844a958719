import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { GUARDIAN_SCRIPT, startGuardian } from "./guardian.ts";
import { parseProcStat, systemProcessTable } from "./process-table.ts";
import { ProcessTree } from "./process-tree.ts";

const table = systemProcessTable(process.platform);
const trees: ProcessTree[] = [];

/** Starts a shell script as a command would be started; resolves when it has said "ready". */
async function start(
  script: string,
): Promise<{ child: ChildProcess; tree: ProcessTree; mark: string; pid: number }> {
  const mark = randomBytes(16).toString("hex");
  const child = spawn("/bin/sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], SPOTPROOF_ATTEMPT_TOKEN: mark },
  });
  const pid = child.pid ?? 0;
  const tree = new ProcessTree({
    table,
    clock: systemClock,
    leaderPid: pid,
    mark,
    notOurs: new Set([process.pid]),
  });
  trees.push(tree);
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  return { child, tree, mark, pid };
}

afterEach(async () => {
  for (const tree of trees.splice(0)) await tree.killAll(5000);
});

const isLinux = process.platform === "linux";
const hasPython = spawnSync("python3", ["-c", ""]).status === 0;

describe("the tree of a command", () => {
  test("S02: children, grandchildren in their own session and orphans of a double fork all belong", async () => {
    const { tree } = await start(
      "sleep 100 & setsid sleep 101 & (setsid sh -c 'sleep 102 & sleep 103 & wait' &) ; sleep 0.2; echo ready; wait",
    );
    const names = tree.members().map((entry) => entry.name);
    expect(names.filter((name) => name === "sleep")).toHaveLength(4);
    expect(await tree.killAll(5000)).toHaveLength(names.length);
    expect(tree.members()).toEqual([]);
  });

  test.runIf(isLinux)(
    "S02: a daemon that outlives the command is found by the mark in its environment",
    async () => {
      const { child, tree } = await start("(setsid sh -c 'exec sleep 104' &); sleep 0.1; echo ready");
      await new Promise((resolve) => child.once("exit", resolve));
      expect(tree.members().map((entry) => entry.name)).toEqual(["sleep"]);
    },
  );

  test("C12: while the command is paused no process of it makes a step, and afterwards all go on", async () => {
    const { tree } = await start("echo ready; (setsid sh -c 'while :; do :; done' &) ; while :; do :; done");
    const paused = await tree.pause();
    expect(tree.members().every((entry) => entry.stopped)).toBe(true);
    await paused.resume();
    expect(tree.members().every((entry) => !entry.stopped)).toBe(true);
  });

  test.runIf(isLinux)(
    "C12: a pause tells which files are open for writing, in whichever process",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "spotproof-open-"));
      const { tree, pid } = await start(
        `cd ${folder}; (exec 3>one 4>>two; sleep 109) & exec 5>>one 6>>two; sleep 0.1; echo ready; wait`,
      );
      const paused = await tree.pause();
      await paused.resume();
      const files = (paused.openForWriting ?? []).filter(({ path }) => path.startsWith(folder));
      expect(files.toSorted((a, b) => a.path.localeCompare(b.path))).toEqual([
        { path: join(folder, "one"), append: false },
        { path: join(folder, "two"), append: true },
      ]);
      const unreadable = new ProcessTree({
        table: {
          ...table,
          filesOpenForWriting: () => {
            throw Object.assign(new Error("too many open files"), { code: "EMFILE" });
          },
        },
        clock: systemClock,
        leaderPid: pid,
        mark: "-",
        notOurs: new Set([process.pid]),
      });
      const without = await unreadable.pause();
      await without.resume();
      expect(without.openForWriting).toEqual([]);
      rmSync(folder, { recursive: true });
    },
  );

  test("C12: a command that starts programs all the time by vfork is paused every time, and quickly", async () => {
    const { tree } = await start("echo ready; while :; do /bin/true; done");
    for (let round = 0; round < 50; round += 1) {
      const paused = await tree.pause();
      expect(tree.members().every((entry) => entry.stopped)).toBe(true);
      await paused.resume();
    }
  });

  test("a process that stands still by itself is set going when it is asked to end, one that we paused is not", async () => {
    const { child, tree, pid } = await start("trap 'exit 9' TERM; echo ready; kill -STOP $$; sleep 109");
    const isStopped = (): boolean => tree.members().some((entry) => entry.pid === pid && entry.stopped);
    while (!isStopped()) await systemClock.sleep(5);
    tree.ask("SIGTERM", "leader");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(child.exitCode).toBe(9);
    const other = await start("echo ready; while :; do sleep 0.01; done");
    const paused = await other.tree.pause();
    other.tree.ask("SIGTERM", "group");
    expect(other.tree.members().every((entry) => entry.stopped)).toBe(true);
    await paused.resume();
    expect(await other.tree.waitUntilEmpty(5000)).toEqual([]);
  });

  test("C12: a process of another user cannot be paused: that is said, and everything goes on", async () => {
    const { tree } = await start("echo ready; while :; do sleep 0.01; done");
    const cannot = new ProcessTree({
      table: {
        ...table,
        signal: (pid, signal) => (signal === "SIGCONT" ? table.signal(pid, signal) : "refused"),
      },
      clock: systemClock,
      leaderPid: tree.members()[0]?.pid ?? 0,
      mark: "-",
      notOurs: new Set([process.pid]),
    });
    await expect(cannot.pause()).rejects.toThrow(/belongs to another user/);
    expect(tree.members().every((entry) => !entry.stopped)).toBe(true);
  });

  test.runIf(isLinux && hasPython)(
    "I4: a process whose first thread has left is no zombie: it is found, paused and killed",
    async () => {
      const leaves =
        "import ctypes,threading,time; threading.Thread(target=lambda:[time.sleep(.2),print('ready',flush=True),time.sleep(60)]).start(); ctypes.CDLL(None).pthread_exit(None)";
      const { tree } = await start(`exec python3 -c "${leaves}"`);
      expect(tree.members()).toHaveLength(1);
      await (await tree.pause()).resume();
      expect(await tree.killAll(5000)).toHaveLength(1);
    },
  );

  test("waiting for the end of all has a limit and names those who stay", async () => {
    const { tree } = await start("echo ready; exec sleep 105");
    expect((await tree.waitUntilEmpty(20)).map((entry) => entry.name)).toEqual(["sleep"]);
  });

  test.runIf(isLinux)("a name with spaces and parentheses does not confuse the reading of /proc", () => {
    const line = "42 (a) b (c) S 1 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 0 0";
    expect(parseProcStat(line)).toMatchObject({
      pid: 42,
      parentPid: 1,
      name: "a) b (c",
      startedAt: "777",
      stopped: false,
    });
  });
});

describe("the files of a process", () => {
  test.runIf(isLinux)(
    "those open for writing are named, with those that only grow; read, removed and other ones are not",
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "spotproof open "));
      const at = (name: string): string => join(folder, name);
      writeFileSync(at("read"), "");
      const { pid } = await start(
        `cd '${folder}'; exec 3<read 4>>log 5>'a
name' 6<>both 7>removed 8>/dev/null; rm removed; echo ready; exec sleep 110`,
      );
      const files = table.filesOpenForWriting(pid).toSorted((a, b) => a.path.localeCompare(b.path));
      expect(files).toEqual([
        { path: at("a\nname"), append: false },
        { path: at("both"), append: false },
        { path: at("log"), append: true },
      ]);
      rmSync(folder, { recursive: true });
    },
  );

  test("of a process that is gone none are", () => {
    expect(table.filesOpenForWriting(2 ** 22 + 1)).toEqual([]);
  });
});

describe("the guardian", () => {
  test("I4: when its pipe ends without the word, it kills the group and everything that carries the mark", async () => {
    const { tree, mark, pid } = await start("(setsid sleep 106 &); sleep 0.1; echo ready; exec sleep 107");
    // A process of its own, so that it can be killed as we could be.
    const keeper = spawn(
      process.execPath,
      [
        "-e",
        `
      const { spawn } = require("node:child_process");
      const shell = spawn("/bin/sh", ["-c", process.argv[1]], { stdio: ["pipe", "ignore", "ignore"], detached: true, env: { PATH: process.env.PATH } });
      shell.stdin.write(process.argv[2] + "\\n");
      setInterval(() => {}, 1000);
      console.log("ready");
    `,
        GUARDIAN_SCRIPT,
        `mark ${mark}\ngroup ${pid}`,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    await new Promise<void>((resolve) => keeper.stdout.once("data", () => resolve()));
    keeper.kill("SIGKILL");
    expect(await tree.waitUntilEmpty(5000)).toEqual([]);
  });

  test("it removes the socket of the job channel, and nothing else in its folder", async () => {
    const folder = mkdtempSync(join(tmpdir(), "spotproof guardian "));
    mkdirSync(join(folder, "own"));
    writeFileSync(join(folder, "own", "job.sock"), "");
    const ended = spawnSync("/bin/sh", ["-c", GUARDIAN_SCRIPT], {
      input: `socket ${join(folder, "own", "job.sock")}\n`,
    });
    expect(ended.status).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test("when it is dismissed it goes and touches nobody", async () => {
    const { tree, mark, pid } = await start("echo ready; exec sleep 108");
    const guardian = startGuardian(process.env["PATH"] ?? "", () => undefined);
    guardian.watch(mark);
    guardian.guard(pid);
    guardian.dismiss();
    expect(await tree.waitUntilEmpty(300)).toHaveLength(1);
  });
});

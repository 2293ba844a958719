import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import {
  hasNamespaces,
  openFleetBench,
  processesWith,
  runScript,
  startProgram,
  startScript,
  until,
} from "./fleet.fixture.ts";

const isLinux = process.platform === "linux";

describe.each([
  { isolation: "folders", isPossible: true },
  { isolation: "namespaces", isPossible: hasNamespaces },
] as const)("a machine of a fleet of $isolation", ({ isolation, isPossible }) => {
  const isolated = isolation === "namespaces";

  test.runIf(isPossible)(
    "L06: begins with a copy of the working folder; its writes are its own and are wiped",
    async () => {
      const bench = openFleetBench(process.env);
      writeFileSync(join(bench.workingFolder, "input"), "as it was\n");
      mkdirSync(join(bench.workingFolder, "ckpt"));
      writeFileSync(join(bench.workingFolder, "ckpt", "old"), "1");
      const fleet = await bench.prepare(isolation, { excluded: [join(bench.workingFolder, "ckpt")] });
      expect(fleet.isolation).toBe(isolation);
      const first = await fleet.rent({ name: "1", environment: { CLOUD: "aws" } });
      const script = `cat input; test -e ckpt || echo none; echo changed > input; mkdir -p out; echo 12345 > out/model.bin; touch out/empty; mkdir __pycache__; echo 1 > __pycache__/a.pyc; echo $CLOUD`;
      const { status, lines } = await runScript(first, script);
      expect({ status, lines }).toEqual({ status: 0, lines: ["as it was", "none", "aws"] });
      expect(readFileSync(first.hostPath("out/model.bin") ?? "", "utf8")).toBe("12345\n");
      const remains = await first.end();
      expect(remains.files).toEqual([
        { path: "input", where: "scratch", bytes: 8, wiped: true },
        { path: "out/model.bin", where: "scratch", bytes: 6, wiped: true },
      ]);
      expect(remains.aliveAtEnd).toEqual([]);
      expect(existsSync(first.workFolder)).toBe(false);
      const second = await fleet.rent({ name: "2", environment: {} });
      expect((await runScript(second, "cat input; ls")).lines).toEqual(["as it was", "input"]);
      await fleet.close();
      expect(readdirSync(bench.workspace)).toEqual([]);
      expect(readFileSync(join(bench.workingFolder, "input"), "utf8")).toBe("as it was\n");
    },
  );

  test.runIf(isPossible)("L01: what lay in temporary folders is named and gone", async () => {
    const bench = openFleetBench(process.env);
    const name = `spotproof test ${process.pid} ${isolation}`;
    onTestFinished(() => rmSync(`/tmp/${name}`, { force: true }));
    const fleet = await bench.prepare(isolation);
    const machine = await fleet.rent({ name: "1", environment: {} });
    const script = `echo result > "$TMPDIR/result.csv"; echo 1 > '/tmp/${name}'; echo ignored > "$TMPDIR/.x.lock"; ${
      isolated ? "echo 22 > /var/tmp/more; echo 333 > /dev/shm/memory; " : ""
    }pwd`;
    expect((await runScript(machine, script)).lines).toEqual([
      isolated ? bench.workingFolder : machine.workFolder,
    ]);
    const { files } = await machine.end();
    const tmp = { where: "tmp", wiped: true } as const;
    expect(files).toEqual(
      isolated
        ? [
            { path: "/dev/shm/memory", bytes: 4, ...tmp },
            { path: "/tmp/result.csv", bytes: 7, ...tmp },
            { path: `/tmp/${name}`, bytes: 2, ...tmp },
            { path: "/var/tmp/more", bytes: 3, ...tmp },
          ]
        : expect.arrayContaining([
            { path: "$TMPDIR/result.csv", bytes: 7, ...tmp },
            { path: `/tmp/${name}`, bytes: 2, where: "tmp", wiped: false },
          ]),
    );
    expect(existsSync(`/tmp/${name}`)).toBe(!isolated);
    expect(existsSync("/var/tmp/more") || existsSync("/dev/shm/memory")).toBe(false);
  });

  test.runIf(isPossible)(
    "S02: a program that ignores SIGTERM and a daemon that left it die with the machine",
    async () => {
      const bench = openFleetBench(process.env);
      const fleet = await bench.prepare(isolation);
      const machine = await fleet.rent({ name: "1", environment: {} });
      const seconds = `11${isolated ? 1 : 2}.${process.pid}`;
      // Where nothing but traces tell what belongs, a daemon may not wipe all of them.
      const daemon = isolated ? "env -i setsid sleep" : "setsid sleep";
      const program = startScript(
        machine,
        `trap '' TERM; (${daemon} ${seconds} &) ; echo ready; while :; do sleep 0.05; done`,
      );
      await program.said("ready");
      await until(() => processesWith(`sleep ${seconds}`).some((line) => /^\d+ sleep/.test(line)));
      expect(await program.signal("SIGTERM")).toBe(true);
      expect(machine.processes().map(({ name }) => name)).toContain("sleep");
      const remains = await machine.end();
      expect(remains.aliveAtEnd.some((line) => /^sleep \(pid \d+\)$/.test(line))).toBe(true);
      expect(remains.aliveAtEnd.some((line) => /^sh \(pid \d+\)$/.test(line))).toBe(true);
      expect(processesWith(`sleep ${seconds}`)).toEqual([]);
      expect(await program.ended).toEqual({ status: null, signal: "SIGKILL" });
      expect(await program.signal("SIGTERM")).toBe(false);
      expect(await machine.end()).toBe(remains);
      expect(() => startScript(machine, "true")).toThrow(/has ended/);
    },
  );

  test.runIf(isPossible)("S01: a signal reaches the program, and its end is told as it was", async () => {
    const bench = openFleetBench(process.env);
    const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
    const handles = startScript(
      machine,
      "trap 'echo heard; exit 7' TERM; echo ready; while :; do sleep 0.02; done",
    );
    await handles.said("ready");
    await handles.signal("SIGTERM");
    expect(await handles.ended).toEqual({ status: 7, signal: null });
    expect(handles.lines).toEqual(["ready", "heard"]);
    for (const signal of ["SIGTERM", "SIGKILL", "SIGUSR1"] as const) {
      const dies = startScript(machine, "echo ready; exec sleep 113");
      await dies.said("ready");
      await dies.signal(signal);
      expect(await dies.ended).toEqual({ status: null, signal });
    }
    expect(await runScript(machine, "exit 143")).toMatchObject({ status: 143, signal: null });
    expect(await startProgram(machine, ["no-such-program"]).ended).toEqual({ status: 127, signal: null });
    const atOnce = startScript(machine, "exec sleep 114");
    expect(await atOnce.signal("SIGKILL")).toBe(true);
    expect(await atOnce.ended).toEqual({ status: null, signal: "SIGKILL" });
  });

  test.runIf(isPossible)("K01: a paused machine makes no step, and goes on when it is woken", async () => {
    const bench = openFleetBench(process.env);
    const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
    const program = startScript(
      machine,
      "(setsid sh -c 'while :; do echo b; sleep 0.01; done' &); while :; do echo a; sleep 0.01; done",
    );
    await program.said("a");
    await program.said("b");
    await Promise.all([machine.pause(), machine.pause()]);
    // What was in the pipe when all stood still.
    await systemClock.sleep(50);
    const heard = program.lines.length;
    await systemClock.sleep(150);
    expect(program.lines.length).toBe(heard);
    await machine.wake();
    await machine.wake();
    await until(() => program.lines.length > heard + 2);
    await machine.pause();
    const remains = await machine.end();
    expect(remains.aliveAtEnd.length).toBeGreaterThanOrEqual(2);
  });

  test.runIf(isPossible)(
    "two machines at the same time have nothing in common but what is shared",
    async () => {
      const bench = openFleetBench(process.env);
      const shared = join(bench.workingFolder, "data", "shared");
      mkdirSync(shared, { recursive: true });
      writeFileSync(join(shared, "of-user"), "1");
      const source = join(bench.workspace, "source");
      mkdirSync(source);
      const fleet = await bench.prepare(isolation);
      const request = { environment: {}, shared: [{ path: shared, source }] };
      const [one, two] = await Promise.all([
        fleet.rent({ name: "1", ...request }),
        fleet.rent({ name: "2", ...request }),
      ]);
      await runScript(
        one,
        `echo own > own; echo own > "$TMPDIR/own"; echo 1 > data/shared/one; cd data/shared; echo 1 > "$(pwd -P)/absolute"`,
      );
      const second = await runScript(
        two,
        `ls . "$TMPDIR"; ls data/shared; test '${isolated ? shared : source}' -ef data/shared && echo same`,
      );
      expect(second.lines.filter((line) => line.includes("own"))).toEqual([]);
      expect(second.lines.slice(-3)).toEqual(["absolute", "one", "same"]);
      expect((await one.end()).files.map(({ path }) => path)).toEqual([
        isolated ? "/tmp/own" : "$TMPDIR/own",
        "own",
      ]);
      expect((await runScript(two, "cat data/shared/one")).lines).toEqual(["1"]);
      expect((await two.end()).files).toEqual([]);
      expect(readdirSync(source)).toEqual(["absolute", "one"]);
      expect(readdirSync(shared)).toEqual(["of-user"]);
    },
  );

  test.runIf(isPossible)(
    "the environment is the user's without what leads to a cloud; lines are cut and limited",
    async () => {
      const bench = openFleetBench(process.env);
      const fleet = await bench.prepare(isolation, {
        environment: {
          PATH: process.env["PATH"],
          HOME: "/root",
          AWS_PROFILE: "real",
          SPOTPROOF_STORE: "real",
          GCE_METADATA_HOST: "x",
        },
      });
      const machine = await fleet.rent({
        name: "1",
        environment: { AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1" },
      });
      const { lines } = await runScript(machine, "env | sort | grep -E '^(AWS|SPOTPROOF|GCE|HOME|TMP|TEMP)'");
      expect(lines.map((line) => line.replace(/=[0-9a-f]{32}$/, "=mark"))).toEqual([
        "AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1",
        "HOME=/root",
        "SPOTPROOF_REHEARSAL_MACHINE=mark",
        ...["TEMP", "TMP", "TMPDIR"].map((name) => `${name}=${isolated ? "/tmp" : machine.tmpFolder}`),
      ]);
      const long = await runScript(machine, "head -c 1000000 /dev/zero | tr '\\0' x; printf 'a\\rb\\r\\nc'");
      expect(long.lines.map((line) => line.length)).toEqual([16 * 1024 + 2, 1, 1]);
      const heard: string[] = [];
      const program = machine.start(["/bin/sh", "-c", "for i in 1 2 3 4 5; do echo line $i; done"], {
        environment: {},
        onLine: (_, line) => heard.push(line),
        outputLimit: 15,
      });
      expect(await program.ended).toEqual({ status: 0, signal: null });
      expect(heard).toEqual([
        "line 1",
        "line 2",
        "… the rest of the output is left out, after 15 characters",
      ]);
    },
  );

  test.runIf(isPossible && isLinux)(
    "a file that is being written is seen with how much is there",
    async () => {
      const bench = openFleetBench(process.env);
      mkdirSync(join(bench.workingFolder, "data"));
      symlinkSync(join(bench.workingFolder, "data"), join(bench.workingFolder, "link"));
      const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
      const program = startScript(
        machine,
        "exec 3>data/half 4>>data/log; echo 1234 >&3; echo ready; exec sleep 115",
      );
      await program.said("ready");
      const expected = [
        { path: "half", bytes: 5, append: false },
        { path: "log", bytes: 0, append: true },
      ];
      expect(machine.filesOpenForWriting("data")).toEqual(expected);
      expect(machine.filesOpenForWriting("link")).toEqual(expected);
      if (isolated) expect(machine.filesOpenForWriting(join(bench.workingFolder, "data"))).toEqual(expected);
      expect(machine.filesOpenForWriting("nothing")).toEqual([]);
      expect((await machine.end()).files.map(({ path }) => path)).toEqual(["data/half"]);
    },
  );

  test.runIf(isPossible)(
    "heavy folders of tools are seen without a copy, links keep their way, odd names survive",
    async () => {
      const bench = openFleetBench(process.env);
      const at = (...names: string[]): string => join(bench.workingFolder, ...names);
      mkdirSync(at("node_modules", "left-pad"), { recursive: true });
      writeFileSync(at("node_modules", "left-pad", "index.js"), "x");
      mkdirSync(at("venv"));
      writeFileSync(at("venv", "data"), "a folder of data that is called so");
      writeFileSync(at("a\nname"), "1", { mode: 0o640 });
      writeFileSync(join(bench.base, "outside"), "outside");
      symlinkSync("../outside", at("out"));
      symlinkSync("venv/data", at("relative"));
      symlinkSync(at("venv"), at("absolute"));
      const fleet = await bench.prepare(isolation, { visible: [join(bench.base, "outside")] });
      expect(fleet.notes.join(" ")).toContain("node_modules");
      const machine = await fleet.rent({ name: "1", environment: {} });
      const { lines } = await runScript(
        machine,
        `cat node_modules/left-pad/index.js; echo; cat out; echo; cat relative >/dev/null && echo relative; cd absolute && pwd -P; cd ..; stat -c %a 'a
name'; echo 1 2>/dev/null > node_modules/new || echo read-only`,
      );
      const here = isolated ? bench.workingFolder : machine.workFolder;
      expect(lines.slice(0, 5)).toEqual(["x", "outside", "relative", join(here, "venv"), "640"]);
      if (isolated) expect(lines.at(-1)).toBe("read-only");
      expect(existsSync(join(machine.workFolder, "venv", "data"))).toBe(true);
      expect((await machine.end()).files).toEqual([]);
      expect(readFileSync(at("node_modules", "left-pad", "index.js"), "utf8")).toBe("x");
    },
  );

  test.runIf(isPossible)(
    "the end wipes closed folders, deep trees and names of all kinds, and nothing outside",
    async () => {
      const bench = openFleetBench(process.env);
      writeFileSync(join(bench.base, "precious"), "1");
      const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
      const precious = join(bench.base, "precious");
      const script = `mkdir -p a/b; echo 1 > 'a/b/new
line'; printf 1 > "$(printf 'a/b/\\377')"; ln -s '${bench.base}' a/link; ln -s '${precious}' a/file; mkfifo a/fifo
i=0; while [ $i -lt 60 ]; do mkdir ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd; cd ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd; i=$((i+1)); done; echo 1 > deep
cd ${isolated ? `'${bench.workingFolder}'` : `'${machine.workFolder}'`}; chmod 000 a/b; echo done`;
      const { lines } = await runScript(machine, script);
      expect(lines.at(-1)).toBe("done");
      const remains = await machine.end();
      expect(remains.files.map(({ path }) => path)).toEqual(
        expect.arrayContaining(["a/b/new\nline", "a/b/\uFFFD"]),
      );
      expect(readFileSync(precious, "utf8")).toBe("1");
      expect(readdirSync(join(bench.workspace, "machines"))).toEqual([]);
    },
  );

  test.runIf(isPossible)(
    "a machine that goes on writing when it ends is wiped all the same; many files are counted",
    async () => {
      const bench = openFleetBench(process.env);
      const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
      const program = startScript(
        machine,
        "i=0; while :; do echo $i > file-$i; i=$((i+1)); [ $i = 400 ] && echo many; done",
      );
      await program.said("many");
      const { files, moreFiles } = await machine.end();
      expect(files).toHaveLength(300);
      expect(moreFiles).toBeGreaterThanOrEqual(100);
      expect(existsSync(machine.workFolder)).toBe(false);
    },
  );

  test.runIf(isPossible)(
    "processes that beget processes all the time are killed with the machine",
    async () => {
      const bench = openFleetBench(process.env);
      const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
      const bomb = `bomb() { sleep 116.${process.pid} & [ "$1" -gt 0 ] && { bomb $(($1 - 1)) & bomb $(($1 - 1)) & }; wait; }; echo ready; bomb 6`;
      const program = startScript(machine, bomb);
      await program.said("ready");
      await until(() => machine.processes().length > 40);
      await machine.end();
      expect(processesWith(`116.${process.pid}`)).toEqual([]);
    },
  );

  test.runIf(isPossible)("twenty machines, one after the other, leave nothing", async () => {
    const bench = openFleetBench(process.env);
    writeFileSync(join(bench.workingFolder, "input"), "1");
    const fleet = await bench.prepare(isolation);
    const mounts = isLinux ? readFileSync("/proc/self/mountinfo", "utf8") : "";
    for (let number = 1; number <= 20; number += 1) {
      const machine = await fleet.rent({ name: String(number), environment: {} });
      const program = startScript(machine, `echo ready; echo 1 > "$TMPDIR/x"; exec sleep 117.${process.pid}`);
      await program.said("ready");
      await machine.end();
    }
    expect(readdirSync(join(bench.workspace, "machines"))).toEqual([]);
    expect(processesWith(`117.${process.pid}`)).toEqual([]);
    expect(processesWith(bench.workspace)).toEqual([]);
    if (isLinux) expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(mounts);
  });

  test.runIf(isPossible)(
    "a folder that cannot be read by anybody but root is no reason to fail",
    async () => {
      const bench = openFleetBench(process.env);
      mkdirSync(join(bench.workingFolder, "closed"));
      chmodSync(join(bench.workingFolder, "closed"), 0o000);
      onTestFinished(() => chmodSync(join(bench.workingFolder, "closed"), 0o700));
      const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
      expect((await runScript(machine, "stat -c %a closed")).lines).toEqual(["0"]);
    },
  );
});

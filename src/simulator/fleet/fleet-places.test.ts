import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { describe, expect, onTestFinished, test } from "vitest";
import { OTHER_USER, canBecomeOtherUser } from "../../../test/stages/other-user.ts";
import {
  type FleetBench,
  hasNamespaces,
  openFleetBench,
  processesWith,
  runScript,
  startScript,
  until,
} from "./fleet.fixture.ts";

const isRoot = process.getuid?.() === 0;
const isolations = [
  { isolation: "folders", isPossible: true },
  { isolation: "namespaces", isPossible: hasNamespaces },
] as const;

describe("what is refused", () => {
  test("a working folder that is too large, with what to do about it", async () => {
    const bench = openFleetBench(process.env);
    writeFileSync(join(bench.workingFolder, "large"), "0123456789");
    const tooMany = bench.prepare("folders", { copyLimit: { bytes: 9, files: 10 } });
    await expect(tooMany).rejects.toMatchObject({ code: "bad-usage", message: /--input/ });
    mkdirSync(join(bench.workingFolder, "more"));
    const limit = { bytes: 100, files: 1 };
    await expect(bench.prepare("folders", { copyLimit: limit })).rejects.toThrow(/1 files/);
    const inputs = [join(bench.workingFolder, "more")];
    const fleet = await bench.prepare("folders", { copyLimit: limit, inputs });
    writeFileSync(join(bench.workingFolder, "grown"), "1");
    await expect(fleet.rent({ name: "1", environment: {} })).rejects.toMatchObject({ code: "bad-usage" });
    expect(readdirSync(join(bench.workspace, "machines"))).toEqual([]);
  });

  test("the whole disk, a home folder that is too large, and folders that are not there", async () => {
    const bench = openFleetBench(process.env);
    await expect(bench.prepare("folders", { workingFolder: "/" })).rejects.toThrow(/whole computer/);
    writeFileSync(join(bench.workingFolder, "large"), "0123456789");
    const home = { environment: { HOME: bench.workingFolder }, copyLimit: { bytes: 1, files: 1 } };
    await expect(bench.prepare("folders", home)).rejects.toThrow(/your home folder/);
    await expect(bench.prepare("folders", { inputs: ["/no such folder"] })).rejects.toMatchObject({
      code: "bad-usage",
    });
    const holding = { inputs: [bench.base] };
    await expect(bench.prepare("folders", holding)).rejects.toThrow(/must be able to change/);
    const around = { inputs: [bench.workspace] };
    await expect(bench.prepare("folders", around)).rejects.toThrow(/keeps its own files/);
    expect(readdirSync(bench.workspace)).toEqual([]);
  });

  test("namespaces where there are none; left to Spotproof, folders are taken and the reason is noted", async () => {
    const bench = openFleetBench(process.env);
    const elsewhere = { uid: 1000 } as const;
    await expect(bench.prepare("namespaces", elsewhere)).rejects.toMatchObject({ code: "bad-usage" });
    const fleet = await bench.prepare("folders", { ...elsewhere, isolation: "auto" });
    expect(fleet.isolation).toBe("folders");
    expect(fleet.notes[0]).toContain("only root may have them");
  });

  test.runIf(hasNamespaces)("a kernel that does not allow namespaces is noticed by trying", async () => {
    const bench = openFleetBench(process.env);
    const tools = join(bench.base, "tools");
    mkdirSync(tools);
    writeFileSync(
      join(tools, "unshare"),
      "#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2; exit 1\n",
      {
        mode: 0o755,
      },
    );
    const environment = { ...process.env, PATH: `${tools}:${process.env["PATH"]}` };
    const fleet = await bench.prepare("folders", { isolation: "auto", environment });
    expect(fleet.isolation).toBe("folders");
    expect(fleet.notes[0]).toContain("Operation not permitted");
    expect(readdirSync(join(bench.workspace, "machines"))).toEqual([]);
  });

  test("two machines of one name", async () => {
    const fleet = await openFleetBench(process.env).prepare("folders");
    await fleet.rent({ name: "1", environment: {} });
    await expect(fleet.rent({ name: "1", environment: {} })).rejects.toThrow(/there is one already/);
    await expect(fleet.rent({ name: "../1", environment: {} })).rejects.toThrow(/cannot be called/);
  });
});

describe.each(isolations)("where things lie, with $isolation", ({ isolation, isPossible }) => {
  test.runIf(isPossible)(
    "a workspace and programs inside the working folder are not copied, but seen",
    async () => {
      const bench = openFleetBench(process.env);
      const workspace = join(bench.workingFolder, ".rehearsal");
      mkdirSync(workspace);
      const bin = join(bench.workingFolder, "bin");
      mkdirSync(bin);
      writeFileSync(join(bin, "tool"), "#!/bin/sh\necho tool\n", { mode: 0o755 });
      const program = join(bench.base, "program");
      writeFileSync(program, "#!/bin/sh\necho program\n", { mode: 0o755 });
      const fleet = await bench.prepare(isolation, { workspace, visible: [program, join(bin, "tool")] });
      const machine = await fleet.rent({ name: "1", environment: {} });
      const { lines } = await runScript(
        machine,
        `'${program}'; '${bin}/tool'; test -d '${workspace}/machines/1' && echo seen`,
      );
      expect(lines).toEqual(["program", "tool", "seen"]);
      expect(machine.hostPath(program)).toBe(program);
      expect(machine.hostPath("x/../y")).toBe(join(machine.workFolder, "y"));
      expect((await machine.end()).files).toEqual([]);
    },
  );

  test.runIf(isPossible)("a working folder outside of /tmp works alike", async () => {
    const bench = openFleetBench(process.env, realpathSync(homedir()));
    writeFileSync(join(bench.workingFolder, "input"), "1");
    const machine = await (await bench.prepare(isolation)).rent({ name: "1", environment: {} });
    const script = `echo 12 > '${bench.workingFolder}/absolute'; echo 123 > relative; ls`;
    expect((await runScript(machine, script)).lines).toContain("relative");
    const left = (await machine.end()).files.map(({ path }) => path);
    expect(left).toEqual(isolation === "namespaces" ? ["absolute", "relative"] : ["relative"]);
    expect(existsSync(join(bench.workingFolder, "absolute"))).toBe(isolation === "folders");
  });

  test.runIf(isPossible && isRoot && process.platform === "linux")(
    "a disk that is full during the copy is told, and nothing is left of it",
    async () => {
      const bench = openFleetBench(process.env);
      const workspace = join(bench.base, "small");
      mkdirSync(workspace);
      expect(spawnSync("/bin/sh", ["-c", `mount -t tmpfs -o size=1m none '${workspace}'`]).status).toBe(0);
      onTestFinished(() => void spawnSync("/bin/sh", ["-c", `umount -l '${workspace}'`]));
      writeFileSync(join(bench.workingFolder, "large"), Buffer.alloc(3 * 1024 * 1024, 1));
      const fleet = await bench.prepare(isolation, { workspace });
      await expect(fleet.rent({ name: "1", environment: {} })).rejects.toMatchObject({ code: "disk-full" });
      expect(readdirSync(join(workspace, "machines"))).toEqual([]);
      await fleet.close();
    },
  );

  test.runIf(isPossible && process.platform === "linux")(
    "S02: when the rehearsal itself is killed, nothing that it started lives on",
    async () => {
      const bench = openFleetBench(process.env);
      const seconds = `118.${process.pid}${isolation === "folders" ? "1" : "2"}`;
      const built = await buildFleet();
      const script = `${rentInOwnProcess(built, bench, isolation)}
        machine.start(["/bin/sh", "-c", "trap '' TERM HUP; (setsid sleep ${seconds} &); echo ready; sleep ${seconds}"],
          { environment: {}, onLine: (_, line) => console.log(line) });`;
      const keeper = spawn(process.execPath, ["--input-type=module", "-e", script], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await new Promise<void>((resolve) => keeper.stdout.once("data", () => resolve()));
      await until(() => processesWith(seconds).length >= 3);
      keeper.kill("SIGKILL");
      await until(() => processesWith(seconds).length === 0);
    },
  );
});

describe("folders", () => {
  test.runIf(canBecomeOtherUser)(
    "a user who is not root gets a machine that is wiped, closed folders and all",
    async () => {
      const bench = openFleetBench(process.env);
      for (const folder of [bench.base, bench.workingFolder, bench.workspace]) chmodSync(folder, 0o777);
      writeFileSync(join(bench.workingFolder, "secret"), "1", { mode: 0o600 });
      const built = await buildFleet();
      const script = `${rentInOwnProcess(built, bench, "auto")}
        const program = machine.start(["/bin/sh", "-c", "mkdir -p a/b; echo 1 > a/b/c; chmod 000 a/b; chmod 000 a"],
          { environment: {}, onLine: (_, line) => console.log(line) });
        await program.ended;
        const remains = await machine.end();
        await fleet.close();
        console.log(JSON.stringify({ isolation: fleet.isolation, notes: machine.notes, left: remains.files.map((f) => f.path) }));`;
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
        uid: OTHER_USER,
        gid: OTHER_USER,
        cwd: "/",
        encoding: "utf8",
      });
      expect(JSON.parse(stdout)).toEqual({
        isolation: "folders",
        notes: ["Could not be read, so that the machine does not have it: secret."],
        left: ["a/b/c"],
      });
      expect(readdirSync(bench.workspace)).toEqual([]);
    },
  );
});

describe("namespaces", () => {
  test.runIf(hasNamespaces)("a job that kills everything that it can does not end its machine", async () => {
    const bench = openFleetBench(process.env);
    const machine = await (await bench.prepare("namespaces")).rent({ name: "1", environment: {} });
    const program = startScript(machine, "kill -9 -1; echo alone; (sleep 119 &); exit 3");
    expect(await program.ended).toEqual({ status: 3, signal: null });
    expect(machine.processes().map(({ name }) => name)).toEqual(["sleep"]);
    expect((await runScript(machine, "ls /proc | grep -c '^[0-9]'; echo 1 > /dev/shm/x")).lines.length).toBe(
      1,
    );
    expect((await machine.end()).files.map(({ path }) => path)).toEqual(["/dev/shm/x"]);
  });
});

/** The fleet as one file of JavaScript, for a process of its own. */
async function buildFleet(): Promise<string> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "fleet built ")));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  await build({
    configFile: false,
    logLevel: "silent",
    build: {
      ssr: join(import.meta.dirname, "index.ts"),
      outDir: folder,
      emptyOutDir: false,
      target: "node20",
      rollupOptions: { output: { entryFileNames: "fleet.mjs" } },
    },
  });
  chmodSync(folder, 0o755);
  return join(folder, "fleet.mjs");
}

/** A program that has a `fleet` and a `machine` of it. */
function rentInOwnProcess(
  built: string,
  { workspace, workingFolder }: FleetBench,
  isolation: string,
): string {
  const folders = { workspace, workingFolder, excluded: [], inputs: [], visible: [], isolation };
  return `
    const { prepareFleet } = await import(${JSON.stringify(built)});
    const clock = {
      now: () => performance.now(),
      sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      after(ms, action) { const timer = setTimeout(action, ms); return { cancel: () => clearTimeout(timer) }; },
    };
    const system = { environment: process.env, platform: process.platform, uid: process.getuid() };
    const fleet = await prepareFleet({ clock, ...system, ...${JSON.stringify(folders)} });
    const machine = await fleet.rent({ name: "1", environment: {} });`;
}

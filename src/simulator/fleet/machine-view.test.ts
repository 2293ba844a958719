import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { MachineView, type ShownThrough } from "./machine-view.ts";
import { isReadOnlyFolder, isUnmissed } from "./unmissed-names.ts";
import { mountsIn, wipe } from "./wipe.ts";

const shown = (path: string): ShownThrough => ({
  path,
  from: path,
  readOnly: false,
  isFolder: true,
});

describe("what a machine sees", () => {
  test("a working folder in /tmp is part of the machine's /tmp, and what is shown lies upon both", () => {
    const view = new MachineView(
      [
        { seenAs: "/home/me/job", folder: "/tmp/ws/m/work" },
        { seenAs: "/tmp", folder: "/tmp/ws/m/tmp" },
      ],
      [shown("/tmp/ws"), shown("/home/me/job/data"), shown("/elsewhere")],
      "/dev/shm",
    );
    expect(view.mountPlan()).toEqual({
      mountPoints: [
        { path: "/tmp/ws/m/work/data", isFolder: true },
        { path: "/tmp/ws/m/tmp/ws", isFolder: true },
      ],
      steps: [
        { kind: "bind", from: "/home/me/job/data", to: "/tmp/ws/m/work/data" },
        { kind: "bind", from: "/tmp/ws", to: "/tmp/ws/m/tmp/ws" },
        { kind: "bind", from: "/tmp/ws/m/work", to: "/home/me/job" },
        { kind: "bind", from: "/tmp/ws/m/tmp", to: "/tmp" },
        { kind: "memory", from: "memory", to: "/dev/shm" },
      ],
    });
    expect(view.hostPath("/home/me/job/out")).toBe("/tmp/ws/m/work/out");
    expect(view.hostPath("/home/me/job/data/x")).toBe("/home/me/job/data/x");
    expect(view.hostPath("/tmp/x")).toBe("/tmp/ws/m/tmp/x");
    expect(view.hostPath("/tmp/ws/x")).toBe("/tmp/ws/x");
    expect(view.hostPath("/tmpx")).toBe("/tmpx");
    expect(view.hostPath("/dev/shm/x")).toBeUndefined();
  });

  test("a working folder inside a folder that is shown is covered; one that is /tmp itself is the machine's /tmp", () => {
    const work = { seenAs: "/tmp/base/job", folder: "/ws/work" };
    const inside = new MachineView(
      [work, { seenAs: "/tmp", folder: "/ws/tmp" }],
      [shown("/tmp/base")],
      undefined,
    );
    expect(inside.mountPlan().steps).toEqual([
      { kind: "bind", from: "/tmp/base", to: "/ws/tmp/base" },
      { kind: "bind", from: "/ws/work", to: "/ws/tmp/base/job" },
      { kind: "bind", from: "/ws/tmp", to: "/tmp" },
    ]);
    expect(inside.hostPath("/tmp/base/job/x")).toBe("/ws/work/x");
    const itself = new MachineView([{ seenAs: "/tmp", folder: "/ws/work" }], [shown("/tmp/ws")], undefined);
    expect(itself.mountPlan().steps.at(-1)).toEqual({ kind: "bind", from: "/ws/work", to: "/tmp" });
  });

  test("what is shared is mounted from its source, and what is frozen at its own path, where no place covers them too", () => {
    const view = new MachineView(
      [
        { seenAs: "/home/me/job", folder: "/ws/m/work" },
        { seenAs: "/var/tmp", folder: "/ws/m/vartmp" },
      ],
      [
        { ...shown("/home/me/job/out"), from: "/ws/source/0" },
        { ...shown("/mnt/results"), from: "/ws/source/1" },
        { ...shown("/var"), readOnly: true },
        { ...shown("/var/data"), readOnly: true },
        shown("/opt"),
      ],
      undefined,
    );
    expect(view.mountPlan()).toEqual({
      mountPoints: [{ path: "/ws/m/work/out", isFolder: true }],
      steps: [
        { kind: "bind", from: "/ws/source/0", to: "/ws/m/work/out" },
        { kind: "frozen", from: "/var", to: "/var" },
        { kind: "bind", from: "/ws/source/1", to: "/mnt/results" },
        { kind: "frozen", from: "/var/data", to: "/var/data" },
        { kind: "bind", from: "/ws/m/work", to: "/home/me/job" },
        { kind: "bind", from: "/ws/m/vartmp", to: "/var/tmp" },
      ],
    });
    expect(view.hostPath("/home/me/job/out/a/b")).toBe("/ws/source/0/a/b");
    expect(view.hostPath("/home/me/job/outer")).toBe("/ws/m/work/outer");
    expect(view.hostPath("/mnt/results")).toBe("/ws/source/1");
    expect(view.hostPath("/var/data/x")).toBe("/var/data/x");
    expect(view.hostPath("/var/tmp/x")).toBe("/ws/m/vartmp/x");
    expect(view.isOwn("/home/me/job/out")).toBe(true);
    expect(view.isOwn("/home/me/job/out/deeper")).toBe(false);
    expect(view.isOwn("/mnt/results")).toBe(false);
  });
});

describe("wiping", () => {
  test("mounts in a folder are read from the system's list, odd names too, and no others", () => {
    const list =
      "40 27 0:33 / /ws/m\\040x/w\\012y rw - tmpfs none rw\n41 27 0:34 / /ws/m\\040xy rw - tmpfs none rw\n";
    expect(mountsIn(list, "/ws/m x")).toEqual(["/ws/m x/w\ny"]);
  });

  test.runIf(process.platform === "linux" && process.getuid?.() === 0)(
    "a folder in which something is mounted is not touched",
    async () => {
      const folder = realpathSync(mkdtempSync(join(tmpdir(), "wipe ")));
      const mounted = join(folder, "mounted");
      mkdirSync(mounted);
      writeFileSync(join(folder, "beside"), "1");
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      expect(spawnSync("/bin/sh", ["-c", `mount -t tmpfs -o size=1m none '${mounted}'`]).status).toBe(0);
      writeFileSync(join(mounted, "precious"), "1");
      await expect(wipe(folder, "linux")).rejects.toThrow(/Something is mounted at .*mounted/);
      // Without the list, the other file system is noticed by its number.
      await expect(wipe(folder, "darwin")).rejects.toThrow(/Another file system/);
      expect(readFileSync(join(mounted, "precious"), "utf8")).toBe("1");
      spawnSync("/bin/sh", ["-c", `umount '${mounted}'`]);
      await wipe(folder, "linux");
      await wipe(folder, "linux");
    },
  );
});

describe("names", () => {
  test.each([
    "__pycache__",
    "x.pyc",
    ".cache",
    "v8-compile-cache-0",
    "hsperfdata_root",
    "pymp-abc",
    "ssh-XXabc",
    "a.lock",
    ".X11-unix",
    "spotproof-aB3xYz",
    "spotproof-rehearsal-aB3xYz",
    "ckpt.spotproof-staging",
    "ckpt.replaced-by-attempt-000002",
  ])("nobody misses %s", (name) => expect(isUnmissed(name)).toBe(true));

  test.each([
    "model.bin",
    "result.csv",
    "cache",
    "spotproof-results",
    "state.db",
    "ckpt",
    "lock",
    "checkpoint.json",
    "venv.txt",
  ])("somebody may miss %s", (name) => expect(isUnmissed(name)).toBe(false));

  test("a folder called venv is one of packages only when it looks like one", () => {
    expect(isReadOnlyFolder("venv", (file) => file === "pyvenv.cfg")).toBe(true);
    expect(isReadOnlyFolder("venv", () => false)).toBe(false);
    expect(isReadOnlyFolder("node_modules", () => false)).toBe(true);
    expect(isReadOnlyFolder("data", () => true)).toBe(false);
  });
});

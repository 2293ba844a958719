import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type FleetBench, hasNamespaces, openFleetBench, runScript, startScript } from "./fleet.fixture.ts";
import type { SharedFolder } from "./machine.ts";

const isolations = [
  { isolation: "folders", isPossible: true },
  { isolation: "namespaces", isPossible: hasNamespaces },
] as const;

describe.each(isolations)("folders that outlive machines, with $isolation", ({ isolation, isPossible }) => {
  const isolated = isolation === "namespaces";

  test.runIf(isPossible)(
    "the second machine finds what the first has written, and the user's own folder stays as it was",
    async () => {
      const bench = openFleetBench(process.env);
      const out = join(bench.workingFolder, "results", "out");
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, "of-user"), "1");
      const shared = [share(bench, out), share(bench, join(bench.workingFolder, "not", "there"))];
      const fleet = await bench.prepare(isolation);
      const first = await fleet.rent({ name: "1", environment: {}, shared });
      const script = `ls results/out not/there; echo 1 > results/out/a; mkdir not/there/b; echo 12 > not/there/b/c; rm -f results/out/of-user; echo 123 > results/own`;
      expect(await runScript(first, script)).toMatchObject({ status: 0 });
      expect((await first.end()).files.map(({ path }) => path)).toEqual(["results/own"]);
      const second = await fleet.rent({ name: "2", environment: {}, shared });
      const { lines } = await runScript(second, "cat results/out/a not/there/b/c; ls results");
      expect(lines).toEqual(["1", "12", "out"]);
      await fleet.close();
      expect(readdirSync(out)).toEqual(["of-user"]);
      expect(existsSync(join(bench.workingFolder, "not"))).toBe(false);
      expect(readFileSync(join(shared[1]?.source ?? "", "b", "c"), "utf8")).toBe("12\n");
    },
  );

  test.runIf(isPossible)("machines of another job see a folder of their own at the same path", async () => {
    const bench = openFleetBench(process.env);
    const out = join(bench.workingFolder, "out");
    const fleet = await bench.prepare(isolation);
    const one = await fleet.rent({ name: "1", environment: {}, shared: [share(bench, out)] });
    const lacking = { ...share(bench, out), unreadable: [join(out, "secret")] };
    const other = await fleet.rent({ name: "2", environment: {}, shared: [lacking] });
    const without = await fleet.rent({ name: "3", environment: {} });
    expect([one, other].map(({ notes }) => notes)).toEqual([
      [],
      [`Could not be read, so that the machine does not have it: ${join(out, "secret")}.`],
    ]);
    await runScript(one, "echo 1 > out/a");
    expect((await runScript(other, "ls -A out")).lines).toEqual([]);
    expect((await runScript(without, "test -e out || echo none")).lines).toEqual(["none"]);
  });

  test.runIf(isPossible && process.platform === "linux")(
    "what the job calls so is found on this computer, through links too, and seen while it is written",
    async () => {
      const bench = openFleetBench(process.env);
      const out = join(bench.workingFolder, "out");
      mkdirSync(out);
      symlinkSync("out/deep", join(bench.workingFolder, "latest"));
      const folder = share(bench, out);
      const fleet = await bench.prepare(isolation);
      const machine = await fleet.rent({ name: "1", environment: {}, shared: [folder] });
      const program = startScript(
        machine,
        "mkdir out/deep; exec 3>out/deep/half 4>>latest/log; echo 1234 >&3; echo ready; exec sleep 115",
      );
      await program.said("ready");
      expect(machine.hostPath("out")).toBe(folder.source);
      expect(machine.hostPath("out/new/x")).toBe(join(folder.source, "new", "x"));
      expect(machine.hostPath("latest/half")).toBe(join(folder.source, "deep", "half"));
      const half = { bytes: 5, append: false };
      const log = { bytes: 0, append: true };
      const deep = [
        { path: "half", ...half },
        { path: "log", ...log },
      ];
      expect(machine.filesOpenForWriting("latest")).toEqual(deep);
      expect(machine.filesOpenForWriting("out/deep")).toEqual(deep);
      expect(machine.filesOpenForWriting("out").map(({ path }) => path)).toEqual(["deep/half", "deep/log"]);
      if (isolated) expect(machine.filesOpenForWriting(join(out, "deep"))).toEqual(deep);
      expect((await machine.end()).files).toEqual([]);
      expect(readFileSync(join(folder.source, "deep", "half"), "utf8")).toBe("1234\n");
    },
  );

  test.runIf(isPossible)(
    "inputs are the user's own at their paths, are not copied, and outlive the machine",
    async () => {
      const bench = openFleetBench(process.env);
      const [within, outside] = [join(bench.workingFolder, "data"), join(bench.base, "outside")];
      for (const folder of [join(within, "more"), outside]) mkdirSync(folder, { recursive: true });
      for (const folder of [within, outside]) writeFileSync(join(folder, "input"), `${folder}\n`);
      const inputs = [join(within, "more"), within, outside, within];
      const copyLimit = { bytes: 1, files: 0 };
      // As the command line of a job names it, too.
      const visible = [join(outside, "input"), within];
      const fleet = await bench.prepare(isolation, { inputs, visible, copyLimit });
      expect(fleet.notes.at(-1)).toContain(`${within}, ${outside}. Jobs ${isolated ? "could" : "must"} not`);
      const machine = await fleet.rent({ name: "1", environment: {} });
      const { lines } = await runScript(machine, `cat data/input '${outside}/input'; ls data`);
      expect(lines).toEqual([within, outside, "input", "more"]);
      expect(machine.hostPath("data/input")).toBe(join(within, "input"));
      if (isolated) {
        const write = (path: string): string => `(echo 1 > '${path}') 2>/dev/null || echo refused`;
        const tried = [
          "data/new",
          "data/more/new",
          "data/input",
          join(outside, "new"),
          join(outside, "input"),
        ];
        const { lines: refused } = await runScript(machine, tried.map(write).join("\n"));
        expect(refused).toEqual(tried.map(() => "refused"));
      }
      expect((await machine.end()).files).toEqual([]);
      for (const folder of [within, outside])
        expect(readFileSync(join(folder, "input"), "utf8")).toBe(`${folder}\n`);
      expect(readdirSync(within)).toEqual(["input", "more"]);
    },
  );

  test.runIf(isPossible)("what the command names in the working folder is the machine's copy", async () => {
    const bench = openFleetBench(process.env);
    const [out, kept] = [join(bench.workingFolder, "out.csv"), join(bench.workingFolder, "ckpt")];
    writeFileSync(out, "of the user");
    mkdirSync(kept);
    writeFileSync(join(kept, "old"), "1");
    const fleet = await bench.prepare(isolation, { visible: [out, kept], excluded: [kept] });
    const machine = await fleet.rent({ name: "1", environment: {} });
    const script = "test -e ckpt || echo none; echo 1 > new && mv new out.csv && cat out.csv";
    expect((await runScript(machine, script)).lines).toEqual(["none", "1"]);
    expect((await machine.end()).files.map(({ path }) => path)).toEqual(["out.csv"]);
    expect(readFileSync(out, "utf8")).toBe("of the user");
  });

  test.runIf(isPossible)("folders that cannot be shared, with what to do about it", async () => {
    const bench = openFleetBench(process.env);
    const at = (...names: string[]): string => join(bench.workingFolder, ...names);
    mkdirSync(at("node_modules", "pkg"), { recursive: true });
    mkdirSync(at("data"));
    const fleet = await bench.prepare(isolation, { inputs: [at("data")] });
    const rent = (...paths: string[]): Promise<unknown> =>
      fleet.rent({ name: "1", environment: {}, shared: paths.map((path) => share(bench, path)) });
    const refused = (pattern: RegExp): object => ({ code: "bad-usage", message: pattern });
    await expect(rent(at())).rejects.toMatchObject(refused(/is or holds the working folder/));
    await expect(rent(bench.base)).rejects.toMatchObject(refused(/is or holds the working folder/));
    await expect(rent(at("a"), at("a", "b"))).rejects.toMatchObject(refused(/one lies in the other/));
    await expect(rent(at("data", "out"))).rejects.toMatchObject(refused(/input folder .*data/));
    await expect(rent(at("node_modules", ".cache"))).rejects.toMatchObject(
      refused(isolated ? /Make it \(mkdir -p\)/ : /which is not copied/),
    );
    const outside = join(realpathSync(homedir()), `spotproof-no-such-folder-${process.pid}`);
    await expect(rent(outside)).rejects.toMatchObject(
      refused(isolated ? /Make it \(mkdir -p\)/ : /takes root on Linux/),
    );
    expect(readdirSync(at("node_modules"))).toEqual(["pkg"]);
    expect(readdirSync(join(bench.workspace, "machines"))).toEqual([]);
    await fleet.rent({ name: "1", environment: {} });
  });
});

describe("with namespaces", () => {
  test.runIf(hasNamespaces)("a folder outside of the working folder is shared at its path", async () => {
    const bench = openFleetBench(process.env);
    const home = realpathSync(mkdtempSync(join(homedir(), "shared ")));
    onTestFinished(() => rmSync(home, { recursive: true }));
    writeFileSync(join(home, "of-user"), "1");
    const inTmp = `/tmp/spotproof shared ${process.pid}/deep`;
    const shared = [share(bench, home), share(bench, inTmp)];
    const fleet = await bench.prepare("namespaces");
    const first = await fleet.rent({ name: "1", environment: {}, shared });
    const { lines } = await runScript(first, `ls '${home}'; echo 1 > '${home}/a'; echo 12 > '${inTmp}/b'`);
    expect(lines).toEqual([]);
    expect(first.hostPath(join(home, "a"))).toBe(join(shared[0]?.source ?? "", "a"));
    expect((await first.end()).files).toEqual([]);
    const second = await fleet.rent({ name: "2", environment: {}, shared });
    expect((await runScript(second, `cat '${home}/a' '${inTmp}/b'`)).lines).toEqual(["1", "12"]);
    await fleet.close();
    expect(readdirSync(home)).toEqual(["of-user"]);
    expect(existsSync(inTmp)).toBe(false);
  });

  test.runIf(hasNamespaces)("what is mounted in an input is seen, and cannot be written to", async () => {
    const bench = openFleetBench(process.env);
    const [input, outside] = [join(bench.workingFolder, "data"), join(bench.base, "data")];
    for (const folder of [input, outside]) {
      const mounted = join(folder, "mounted");
      mkdirSync(mounted, { recursive: true });
      expect(spawnSync("/bin/sh", ["-c", `mount -t tmpfs -o size=1m none '${mounted}'`]).status).toBe(0);
      onTestFinished(() => void spawnSync("/bin/sh", ["-c", `umount -l '${mounted}'`]));
      writeFileSync(join(mounted, "input"), "1\n");
    }
    const machine = await (await bench.prepare("namespaces", { inputs: [input, outside] })).rent({
      name: "1",
      environment: {},
    });
    const script = `for at in data/mounted '${outside}/mounted'; do cat "$at/input"; (echo 2 > "$at/input") 2>/dev/null || echo refused; done`;
    expect((await runScript(machine, script)).lines).toEqual(["1", "refused", "1", "refused"]);
    await machine.end();
    expect(readdirSync(join(input, "mounted"))).toEqual(["input"]);
  });
});

/** A shared folder with an empty source of its own. */
function share({ workspace }: FleetBench, path: string): SharedFolder {
  return { path, source: mkdtempSync(join(workspace, "source ")) };
}

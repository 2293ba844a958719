import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { hasNamespaces, openFleetBench, runScript } from "../fleet/fleet.fixture.ts";
import { copySharedFolders } from "./shared-folders.ts";

const isolations = [
  { isolation: "folders", isPossible: true },
  { isolation: "namespaces", isPossible: hasNamespaces },
] as const;

describe.each(isolations)("the shared folders of a job, with $isolation", ({ isolation, isPossible }) => {
  test.runIf(isPossible)(
    "each job begins with what the user has, and none finds what another one wrote",
    async () => {
      const bench = openFleetBench(process.env);
      const { workingFolder, workspace } = bench;
      const [out, none] = [join(workingFolder, "out"), join(workingFolder, "not", "yet")];
      mkdirSync(out);
      writeFileSync(join(out, "before"), "as it was\n");
      const fleet = await bench.prepare(isolation);
      const job = { workingFolder, inputs: [], isolation };
      const [alone, interrupted] = await Promise.all(
        ["alone", "job"].map((name) => copySharedFolders([out, none, out], join(workspace, name), job)),
      );
      const script =
        "cat out/before; ls out not/yet | grep -c new; echo 1 > out/new; echo 1 > not/yet/new; echo changed > out/before";
      const expected = { lines: ["as it was", "0"] };
      const rent = (name: string, shared = alone): ReturnType<typeof fleet.rent> =>
        fleet.rent({ name, environment: {}, shared });
      expect(await runScript(await rent("alone-1"), script)).toMatchObject(expected);
      const first = await rent("job-1", interrupted);
      expect(await runScript(first, script)).toMatchObject(expected);
      expect((await first.end()).files).toEqual([]);
      const again = await rent("job-2", interrupted);
      expect((await runScript(again, script)).lines).toEqual(["changed", "2"]);
      await fleet.close();
      expect(readFileSync(join(out, "before"), "utf8")).toBe("as it was\n");
      expect(readdirSync(out)).toEqual(["before"]);
      expect(existsSync(none)).toBe(false);
    },
  );

  test.runIf(isPossible)(
    "modes and links are kept, packages are copied, what cannot be copied is left out",
    async () => {
      const { workingFolder, workspace, base } = openFleetBench(process.env);
      const out = join(workingFolder, "out");
      mkdirSync(join(out, "node_modules"), { recursive: true });
      writeFileSync(join(out, "node_modules", "x"), "1");
      writeFileSync(join(out, "tool"), "1");
      chmodSync(join(out, "tool"), 0o751);
      symlinkSync(join(out, "tool"), join(out, "absolute"));
      symlinkSync("tool", join(out, "relative"));
      symlinkSync("../beside", join(out, "up"));
      const server = createServer().listen(join(out, "socket"));
      onTestFinished(() => void server.close());
      await new Promise((resolve) => server.once("listening", resolve));
      symlinkSync(out, join(base, "way"));
      const job = { workingFolder, inputs: [], isolation };
      const [shared] = await copySharedFolders([join(base, "way")], join(workspace, "job"), job);
      const source = shared?.source ?? "";
      expect(shared).toEqual({ path: out, source: join(workspace, "job", "0"), unreadable: [] });
      expect(readdirSync(source)).toEqual(["absolute", "node_modules", "relative", "tool", "up"]);
      expect(readFileSync(join(source, "node_modules", "x"), "utf8")).toBe("1");
      expect(statSync(join(source, "tool")).mode & 0o777).toBe(0o751);
      const isSeenThere = isolation === "namespaces";
      expect(["absolute", "relative", "up"].map((name) => readlinkSync(join(source, name)))).toEqual([
        join(isSeenThere ? out : source, "tool"),
        "tool",
        isSeenThere ? "../beside" : join(workingFolder, "beside"),
      ]);
    },
  );
});

describe("folders that are not shared", () => {
  test("those in the way of the working folder, of inputs and of each other, before anything is copied", async () => {
    const { workingFolder, workspace, base } = openFleetBench(process.env);
    const at = (name: string): string => join(workingFolder, name);
    writeFileSync(at("file"), "1");
    const share = (...folders: string[]): Promise<unknown> =>
      copySharedFolders(folders, join(workspace, "job"), {
        workingFolder,
        inputs: [at("data")],
        isolation: "namespaces",
      });
    const refused = (message: RegExp): object => ({ code: "bad-usage", message });
    await expect(share(workingFolder)).rejects.toMatchObject(refused(/is or holds the working folder/));
    await expect(share(base)).rejects.toMatchObject(refused(/is or holds the working folder/));
    await expect(share(at("out"), at("out/deep"))).rejects.toMatchObject(refused(/one lies in the other/));
    await expect(share(at("data/out"))).rejects.toMatchObject(refused(/input folder .*data/));
    await expect(share(at("."), at("out"))).rejects.toMatchObject(refused(/working folder/));
    await expect(share(at("file"))).rejects.toMatchObject(refused(/--shared.*cannot be used/));
    await expect(share(at("file/deep"))).rejects.toMatchObject(refused(/--shared.*cannot be used/));
    await expect(share(workspace)).rejects.toMatchObject(refused(/keeps its own files/));
    expect(readdirSync(workspace)).toEqual([]);
  });

  test("one that is too large, or that lies where only namespaces could show it", async () => {
    const { workingFolder, workspace, base } = openFleetBench(process.env);
    const out = join(workingFolder, "out");
    mkdirSync(out);
    writeFileSync(join(out, "large"), "0123456789");
    const job = { workingFolder, inputs: [], isolation: "folders" } as const;
    const limit = { bytes: 9, files: 10 };
    await expect(copySharedFolders([out], join(workspace, "1"), { ...job, limit })).rejects.toMatchObject({
      code: "bad-usage",
      message: /shared folder.*--input/,
    });
    const outside = copySharedFolders([join(base, "outside")], join(workspace, "2"), job);
    await expect(outside).rejects.toMatchObject({ code: "bad-usage", message: /takes root on Linux/ });
  });
});

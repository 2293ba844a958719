import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { build } from "vite";
import { freshFolder, noise } from "../../src/checkpoint/folder.fixture.ts";

const MIB = 1024 * 1024;

interface Peaks {
  readonly afterSave: number;
  readonly afterRestore: number;
}

function measure(program: string, sizeMib: number): Peaks {
  const base = freshFolder();
  const work = join(base, "work");
  fs.mkdirSync(work);
  const file = fs.openSync(join(work, "large"), "w");
  for (let at = 0; at < sizeMib; at += 64) fs.writeSync(file, noise(64 * MIB, at));
  fs.closeSync(file);
  const folders = [work, join(base, "store"), join(base, "restored")];
  const peaks = execFileSync(process.execPath, [program, ...folders], { encoding: "utf8" });
  fs.rmSync(base, { recursive: true });
  return JSON.parse(peaks) as Peaks;
}

test("C06: the memory of a save and a restore is bounded and does not grow with the size of the files", async () => {
  const outDir = freshFolder();
  await build({
    configFile: false,
    logLevel: "error",
    build: { ssr: join(import.meta.dirname, "save-and-restore.ts"), target: "node20", outDir, minify: false },
  });
  const program = join(outDir, "program.mjs");
  fs.renameSync(
    join(outDir, fs.readdirSync(outDir).find((name) => name.startsWith("save-and-restore")) ?? ""),
    program,
  );
  const small = measure(program, 256);
  const large = measure(program, 1024);
  expect(large.afterSave / 1024).toBeLessThan(350);
  expect(large.afterRestore / 1024).toBeLessThan(350);
  expect((large.afterRestore - small.afterRestore) / 1024).toBeLessThan(100);
}, 240_000);

// Compiles a user's program against the package as it is published, with nothing beside it but the types of Node.js, and with the check of
// libraries on: what people get who run `tsc --strict` and no more.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const PROGRAM = `
import { type Job, type JobEnd, openFileStore, runJob } from "spotproof";
import { createJobTest } from "spotproof/testing";

interface Model { step: number; readonly weights: Float32Array }

const fit = async (job: Job): Promise<number> => {
  const model = await job.restoreOr((): Model => ({ step: 0, weights: new Float32Array(8) }));
  for await (const step of job.steps({ to: 10, checkpointEvery: "auto" })) model.step = step;
  await job.forEach(["a", "b"], { key: (text) => text, concurrency: 2 }, (text) => text.length);
  const length: number = await job.once("length", () => "text".length);
  // @ts-expect-error the result of a durable step has the type of its work
  const text: string = await job.once("length", () => 1);
  // @ts-expect-error there is no such option
  job.steps({ to: 10, checkPointEvery: 2 });
  return model.step + length + String(text).length;
};
const end: JobEnd<number> = await runJob("fit", { store: "./store" }, fit);
console.log(end.kind, (await createJobTest().run(fit)).kind, (await openFileStore("./store")).folder);
`;

const place = mkdtempSync(join(tmpdir(), "spotproof-user-"));
try {
  const modules = join(place, "node_modules");
  mkdirSync(join(modules, "spotproof"), { recursive: true });
  mkdirSync(join(modules, "@types"));
  cpSync("dist", join(modules, "spotproof/dist"), { recursive: true });
  cpSync("package.json", join(modules, "spotproof/package.json"));
  symlinkSync(resolve("node_modules/@types/node"), join(modules, "@types/node"));
  symlinkSync(resolve("node_modules/undici-types"), join(modules, "undici-types"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(place, "program.ts"), PROGRAM);
  const tsc = resolve("node_modules/typescript/bin/tsc");
  const strict =
    "--strict --exactOptionalPropertyTypes --target es2022 --noEmit --preserveSymlinks --types node".split(
      " ",
    );
  for (const resolution of [
    ["--module", "nodenext"],
    ["--module", "esnext", "--moduleResolution", "bundler"],
  ]) {
    execFileSync(process.execPath, [tsc, ...strict, ...resolution, "program.ts"], {
      cwd: place,
      stdio: "inherit",
    });
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}
process.stdout.write("A user's program compiles, with the check of libraries on.\n");

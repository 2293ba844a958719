import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { OTHER_USER, canBecomeOtherUser } from "../stages/other-user.ts";
import { useBench } from "./run-spotproof.ts";

const bench = useBench();
const base = ["run", "--job", "train", "--store", "store"];

describe("bad input gets a clear answer, and nothing is started", () => {
  const cases: readonly [string, readonly string[], number, RegExp][] = [
    ["an unknown flag", [...base, "--frobnicate", "--", "true"], 64, /unknown option '--frobnicate'/],
    [
      "an unknown flag close to a known one",
      [...base, "--evry", "5s", "--", "true"],
      64,
      /Did you mean --every/,
    ],
    ["an unknown command", ["rnu"], 64, /unknown command 'rnu'[\s\S]*run/],
    ["a missing command", base, 64, /There is no command to run/],
    ["a missing job", ["run", "--store", "store", "--", "true"], 64, /--job <name>' not specified/],
    ["a missing store", ["run", "--job", "train", "--", "true"], 64, /--store <place>' not specified/],
    [
      "a job name that climbs out",
      ["run", "--job", "../etc", "--store", "store", "--", "true"],
      64,
      /"\.\.\/etc" cannot be the name of a job/,
    ],
    [
      "a duration without a unit",
      [...base, "--every", "30", "--", "true"],
      64,
      /--every: "30" is not a duration/,
    ],
    [
      "a lease shorter than two heartbeats",
      [...base, "--lease", "5s", "--heartbeat", "4s", "--", "true"],
      64,
      /shorter than two heartbeats/,
    ],
    [
      "a signal that does not exist",
      [...base, "--stop-signal", "SIGFOO", "--", "true"],
      64,
      /"SIGFOO" is not a signal/,
    ],
    [
      "a store of a kind that is not known",
      ["run", "--job", "train", "--store", "mysql://me:secret@host/x", "--", "true"],
      64,
      /no stores of the kind "mysql:"\. There are: [^]*s3:\/\/bucket\/prefix[^]*postgres:\/\//,
    ],
    ["a limit that is no rate", [...base, "--upload-limit", "fast", "--", "true"], 64, /such as 50MiB/],
    ["no connections at all", [...base, "--store-connections", "0", "--", "true"], 64, /from 1 to 256/],
    [
      "a folder that contains the working folder",
      [...base, "--checkpoint", "..", "--", "true"],
      64,
      /contains the working folder/,
    ],
    [
      "a store within the folder",
      ["run", "--job", "train", "--store", "ckpt/store", "--checkpoint", "ckpt", "--", "true"],
      64,
      /lie in each other/,
    ],
    [
      "to keep fewer than two checkpoints",
      [...base, "--keep", "1", "--", "true"],
      64,
      /--keep "1" is not a whole number from 2/,
    ],
    ["progress that is none", ["progress", "half"], 64, /"half" is not progress/],
    ["the job channel outside of a job", ["checkpoint"], 68, /No job channel answers/],
    ["the status of a store that is not there", ["status", "--store", "nowhere"], 69, /nowhere/],
  ];
  test.each(cases)("%s", async (_name, args, status, words) => {
    const end = await bench.run(args);
    expect(end.stderr).toMatch(words);
    expect(end.status).toBe(status);
    expect(end.stderr).not.toMatch(/\n\s+at /);
    expect(existsSync(join(bench.folder, "store", "jobs"))).toBe(false);
  });

  test("a checkpoint folder that is a file", async () => {
    writeFileSync(join(bench.folder, "ckpt"), "");
    const end = await bench.run([...base, "--checkpoint", "ckpt", "--", "true"]);
    expect(end.stderr).toMatch(/ckpt is not a folder/);
    expect(end.status).toBe(74);
  });

  test("a checkpoint folder that is a symbolic link names where it leads", async () => {
    mkdirSync(join(bench.folder, "real"));
    symlinkSync("real", join(bench.folder, "link"));
    const end = await bench.run([...base, "--checkpoint", "link", "--", "true"]);
    expect(end.status).toBe(74);
    expect(end.stderr).toMatch(/link is a symbolic link.*\/real\./);
  });

  test("a store that lies in the checkpoint folder, by a strange name or through a link", async () => {
    mkdirSync(join(bench.folder, "ckpt"));
    symlinkSync("ckpt", join(bench.folder, "way"));
    for (const store of ["ckpt/..store", "way/store"]) {
      const end = await bench.run([
        "run",
        "--job",
        "x",
        "--store",
        store,
        "--checkpoint",
        "ckpt",
        "--",
        "true",
      ]);
      expect(end.status).toBe(64);
      expect(end.stderr).toMatch(/lie in each other/);
    }
  });

  test("a working folder that was removed", async () => {
    const prefix = ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$@"', "sh"];
    const end = await bench.run([...base, "--", "true"], { prefix });
    expect(end.status).toBe(64);
    expect(end.stderr).toMatch(/working folder does not exist any more[^]*\[bad-usage\]/);
  });

  test("a TMPDIR that does not exist does no harm", async () => {
    const end = await bench.run([...base, "--", "true"], { environment: { TMPDIR: "/nonexistent" } });
    expect(end.status).toBe(0);
  });

  test("a store that is a file", async () => {
    writeFileSync(join(bench.folder, "store"), "");
    const end = await bench.run([...base, "--", "true"]);
    expect(end.stderr).toMatch(/store/);
    expect(end.status).toBe(69);
  });

  test("a store written by a newer version", async () => {
    mkdirSync(join(bench.folder, "store"));
    writeFileSync(join(bench.folder, "store", "spotproof-store.json"), '{"format": 999}\n');
    const end = await bench.run([...base, "--", "true"]);
    expect(end.stderr).toMatch(/newer version/);
    expect(end.status).toBe(69);
  });

  test.runIf(canBecomeOtherUser)("a store that may not be written (needs root)", async () => {
    mkdirSync(join(bench.folder, "store"));
    chmodSync(join(bench.folder, "store"), 0o555);
    chmodSync(bench.folder, 0o755);
    const end = await bench.run([...base, "--", "true"], { uid: OTHER_USER, workingFolder: bench.folder });
    expect(end.stderr).toMatch(/The store cannot be written\.[\s\S]*Give the job's user/);
    expect(end.status).toBe(69);
  });

  test("a command that does not exist ends with 127, one that cannot be executed with 126, and neither is tried again", async () => {
    const missing = await bench.run([...base, "--", "no-such-program"]);
    expect(missing.stderr).toMatch(/"no-such-program": not found on the PATH/);
    expect(missing.status).toBe(127);
    writeFileSync(join(bench.folder, "plain"), "text");
    const plain = await bench.run([...base, "--", "./plain"]);
    expect(plain.stderr).toMatch(/cannot be executed/);
    expect(plain.status).toBe(126);
  });
});

describe("what is asked for is answered", () => {
  test.runIf(process.platform !== "win32")("a long result reaches a slow reader whole", async () => {
    for (let job = 1; job <= 3; job += 1)
      await bench.run(["run", "--job", `job${job}`, "--store", "store", "--", "true"]);
    const { job: name, ...record } = JSON.parse(
      readFileSync(join(bench.folder, "store/jobs/job1/attempts/000001/claim.json"), "utf8"),
    ) as Record<string, unknown>;
    const claim = { job: name, ...record, command: ["x".repeat(200_000)] };
    writeFileSync(join(bench.folder, "store/jobs/job1/attempts/000001/claim.json"), JSON.stringify(claim));
    const prefix = ["sh", "-c", '"$@" | (sleep 0.3; cat)', "sh"];
    const end = await bench.run(["status", "--store", "store", "--json"], { prefix });
    expect(end.stdout.length).toBeGreaterThan(200_000);
    expect(JSON.parse(end.stdout)).toMatchObject({ jobs: [{}, {}, {}] });
  });

  test("--version prints the version and nothing else", async () => {
    expect(await bench.run(["--version"])).toEqual({ status: 0, stdout: "0.1.0\n", stderr: "" });
  });

  test("--help of every command goes to standard output with status 0", async () => {
    for (const command of [
      [],
      ["run"],
      ["status"],
      ["checkpoints"],
      ["checkpoints", "prune"],
      ["checkpoint"],
      ["progress"],
      ["mock-metadata"],
    ]) {
      const end = await bench.run([...command, "--help"]);
      expect(end.stdout).toMatch(/^Usage: spotproof/);
      expect(end.status).toBe(0);
    }
  });

  test("without a command the help goes to standard error with status 64", async () => {
    const end = await bench.run([]);
    expect(end.stderr).toMatch(/Usage: spotproof/);
    expect(end.status).toBe(64);
  });
});

import { execFile, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type S3Fake, startS3Fake } from "../src/simulator/index.ts";
import { shellLines } from "./documentation/shell-lines.ts";
import { hasMoto, type RunningMoto, startMoto } from "./stages/moto.ts";
import { type PostgresStage, hasPostgres, startPostgres } from "./stages/postgres.ts";

// Every command of docs/guides/stores.md is run as it stands there: `aws` against moto, PostgreSQL for real, S3 of another
// maker against the fake. Only names of places that are nowhere are replaced.

const PAGE = "docs/guides/stores.md";
const text = readFileSync(PAGE, "utf8");

/** What cannot be run here, and why. */
const NOT_RUN: readonly (readonly [command: RegExp, reason: string])[] = [
  [/^sudo mount /, "needs a file system in a real account, and root"],
  [/^npm install /, "downloads; the drivers are here already"],
];

const hasProgram = (program: string, ...args: string[]): boolean => spawnSync(program, args).status === 0;
const missing = [
  ...(hasProgram("python3", "--version") ? [] : ["Python"]),
  ...(hasProgram("aws", "--version") ? [] : ["the aws command"]),
  ...(hasProgram("psql", "--version") ? [] : ["psql"]),
  ...(hasMoto ? [] : ["moto"]),
  ...(hasPostgres ? [] : ["PostgreSQL"]),
];

/** The commands below each heading; what creates a place before what uses it. */
const sections = text.split(/^## /m).flatMap((section) => {
  const lines = shellLines(section);
  const isPreparation = (line: string): boolean => /^(aws|sed|createdb|psql|sudo) /.test(line);
  const inOrder = [...lines.filter(isPreparation), ...lines.filter((line) => !isPreparation(line))];
  return lines.length === 0 ? [] : [{ name: section.split("\n")[0] ?? "", lines: inOrder }];
});

test("the guide shows its policies, rights and rules as they are in their files", () => {
  const files = readdirSync("docs/guides/stores");
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) {
    const content = readFileSync(join("docs/guides/stores", file), "utf8");
    expect(text, file).toContain(
      `](stores/${file}):\n\n\`\`\`${file.replace(/^.*\./, "")}\n${content}\`\`\``,
    );
  }
});

test("every command that is not run is on the page, and so are stores of every kind", () => {
  const lines = sections.flatMap((section) => section.lines);
  for (const [command] of NOT_RUN) expect(lines.filter((line) => command.test(line))).not.toEqual([]);
  for (const kind of ["/mnt/efs", "file:", "s3:", "dynamodb:", "sqlite:", "postgres:"])
    expect(
      lines.filter((line) => line.includes(`--store ${kind}`) || line.includes(`--store '${kind}`)).length,
      kind,
    ).toBeGreaterThan(0);
});

describe.skipIf(missing.length > 0)(
  `the commands of the guide (${missing.length === 0 ? "all parts are here" : `skipped: ${missing.join(", ")} missing`})`,
  () => {
    let folder: string;
    let moto: RunningMoto;
    let postgres: PostgresStage;
    let otherS3: S3Fake;
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "spotproof-guide-"));
      mkdirSync(join(folder, "ebs"));
      writeFileSync(
        join(folder, "train.py"),
        'import os\nos.makedirs("ckpt", exist_ok=True)\nopen("ckpt/state", "w").write("done")\n',
      );
      [moto, postgres, otherS3] = await Promise.all([
        startMoto(),
        startPostgres(),
        startS3Fake({ buckets: ["my-jobs"] }),
      ]);
      await run("aws iam create-role --role-name train --assume-role-policy-document '{}'");
    });
    afterAll(async () => {
      await Promise.all([moto?.close(), postgres?.close(), otherS3?.close()]);
      rmSync(folder, { recursive: true, force: true });
    });

    /** The command with places that exist. */
    function here(line: string): string {
      const replaced = line
        .replace("npx spotproof", `"${process.execPath}" "${resolve("dist/cli/main.js")}"`)
        .replaceAll("docs/guides/", `${resolve("docs/guides")}/`)
        .replace("/mnt/efs/", `${folder}/efs/`)
        .replace("/mnt/ebs/", `${folder}/ebs/`)
        .replace("/tmp/jobs", `${folder}/tmp/jobs`)
        .replace("https://s3.example:9000", otherS3.url)
        .replace("-h db.example -U admin", `-h 127.0.0.1 -p ${postgres.port} -U spot`)
        .replace("admin@db.example:5432", `spot@127.0.0.1:${postgres.port}`)
        // The PostgreSQL of this test has no certificate.
        .replace("db.example:5432/jobs?sslmode=verify-full", "db.example:5432/jobs")
        .replace("db.example:5432", `127.0.0.1:${postgres.port}`);
      const measures = line.includes("spotproof doctor") && !line.includes("--measure");
      return measures ? `${replaced} --measure 0s` : replaced;
    }

    function run(line: string): Promise<string> {
      const postgresPrograms = existsSync("/usr/lib/postgresql")
        ? readdirSync("/usr/lib/postgresql").map((version) => `/usr/lib/postgresql/${version}/bin`)
        : [];
      const environment = {
        PATH: [process.env["PATH"], ...postgresPrograms].join(delimiter),
        HOME: process.env["HOME"],
        AWS_CONFIG_FILE: join(folder, "no-config"),
        AWS_SHARED_CREDENTIALS_FILE: join(folder, "no-credentials"),
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_ENDPOINT_URL: moto.url,
        AWS_ACCESS_KEY_ID: "test",
        AWS_SECRET_ACCESS_KEY: "test",
        AWS_REGION: "eu-central-1",
        AWS_DEFAULT_REGION: "eu-central-1",
        AWS_PAGER: "",
        SPOTPROOF_ALLOW_VOLATILE_STORE: "1",
      };
      return new Promise((done, reject) => {
        execFile(
          "sh",
          ["-c", here(line)],
          { cwd: folder, env: environment, timeout: 150_000 },
          (error, stdout, stderr) => {
            if (error === null) done(stdout + stderr);
            else reject(new Error(`${line}\n${String(error.code)}\n${stdout}\n${stderr}`));
          },
        );
      });
    }

    test.each(sections)(
      "$name",
      async ({ lines }) => {
        for (const line of lines) {
          if (NOT_RUN.some(([command]) => command.test(line))) continue;
          const said = await run(line);
          if (line.includes("spotproof doctor")) expect(said).toMatch(/create if absent +good/);
          if (line.includes("spotproof run")) expect(said).toMatch(/completed|done/);
        }
      },
      300_000,
    );
  },
);

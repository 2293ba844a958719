import { cpSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AWS_KEYS, useStoreServers } from "../stages/store-kinds.ts";
import { hasMoto } from "../stages/moto.ts";
import { USER_WITH_PASSWORD, hasPostgres } from "../stages/postgres.ts";
import { useBench } from "./run-spotproof.ts";

// What users get wrong about the places of stores. Nothing of it may show a stack trace or a password.

const bench = useBench();
const servers = useStoreServers();
const run = (url: string): string[] => ["run", "--job", "train", "--store", url, "--", "echo", "started"];
const TRACE = /^\s+at |node:internal|hush/m;

/** Nothing listens there: the port is kept for what no machine has by itself. */
const NOBODY = "127.0.0.1:1";

interface Mistake {
  readonly name: string;
  readonly url: () => string;
  readonly words: RegExp;
  readonly needs?: string | false;
  readonly environment?: Readonly<Record<string, string>>;
}

const at = (): string => `endpoint=${servers.fake().url}&region=us-east-1`;
const inMoto = (): string => `endpoint=${servers.motoUrl()}&region=us-east-1`;

describe("a URL that cannot be right ends the command at once with 64", () => {
  const postgres = hasPostgres ? false : "the server of PostgreSQL is missing";
  const mistakes: readonly Mistake[] = [
    {
      name: "S3: an unknown parameter",
      url: () => `s3://bucket/x?regio=a`,
      words: /"regio", which is unknown/,
    },
    { name: "S3: no bucket", url: () => "s3:///x", words: /names no bucket/ },
    { name: "S3: keys in the URL", url: () => "s3://key:hush@bucket/x", words: /credentials do not belong/ },
    { name: "S3: not ASCII", url: () => "s3://bucket/prüfung", words: /"prüfung".*A-Z a-z/ },
    {
      name: "S3: a prefix without end",
      url: () => `s3://bucket/${"x".repeat(600)}`,
      words: /longer than 512/,
    },
    {
      name: "DynamoDB: an unknown parameter",
      url: () => "dynamodb://jobs/x?regio=a",
      words: /unknown parameter "regio"/,
    },
    {
      name: "DynamoDB: no region",
      url: () => `dynamodb://jobs/x`,
      words: /\?region=.*AWS_REGION/,
      environment: AWS_KEYS,
    },
    {
      name: "PostgreSQL: an unknown parameter",
      url: () => "postgres://me:hush@h/d?prefx=a",
      words: /"prefx", which is unknown/,
    },
    { name: "PostgreSQL: no URL", url: () => "postgres://me:hu#sh@h/d", words: /it is no URL/ },
    {
      name: "PostgreSQL: a wrong password",
      url: () => servers.postgres().url().replace("spot@", `${USER_WITH_PASSWORD}:hush@`),
      words: /password authentication failed/,
      needs: postgres,
    },
    {
      name: "PostgreSQL: no such database",
      url: () => servers.postgres().url("nowhere"),
      words: /database "nowhere" does not exist/,
      needs: postgres,
    },
    { name: "SQLite: parameters", url: () => "sqlite:jobs.db?prefix=a", words: /parameters have no meaning/ },
    { name: "SQLite: a folder", url: () => "sqlite:.", words: /Name the file of the database/ },
    { name: "a folder: parameters", url: () => "file:///tmp/x?prefix=a", words: /file:\/\/\/absolute\/path/ },
    {
      name: "another kind",
      url: () => "redis://me:hush@h/0",
      words: /no stores of the kind "redis:".*postgres:/,
    },
  ];
  test.for(mistakes)("$name", async ({ url, words, needs = false, environment = {} }, { skip }) => {
    if (needs !== false) skip(needs);
    const end = await bench.run(run(url()), { environment });
    expect(end.status, end.stderr).toBe(64);
    expect(end.stderr).toMatch(words);
    expect(end.stderr).not.toMatch(TRACE);
    expect(end.stdout).toBe("");
  });
});

describe("what may come by itself is waited for: the reason is told at once, and Ctrl-C ends that", () => {
  const moto = hasMoto ? false : "moto_server is missing";
  const troubles: readonly Mistake[] = [
    {
      name: "S3: no such bucket",
      url: () => `s3://nowhere/x?${at()}`,
      words: /bucket does not exist\. Create it/,
      environment: AWS_KEYS,
    },
    { name: "S3: no credentials", url: () => `s3://bucket/x?${at()}`, words: /no credentials.*AWS_PROFILE/ },
    {
      name: "S3: nobody there",
      url: () => `s3://bucket/x?endpoint=http://${NOBODY}&region=us-east-1`,
      words: /\(ECONNREFUSED\)\. It says/,
      environment: AWS_KEYS,
    },
    {
      name: "DynamoDB: no such table",
      url: () => `dynamodb://nowhere/x?${inMoto()}`,
      words: /no DynamoDB table nowhere.*aws dynamodb create-table.*create-table=true/,
      environment: AWS_KEYS,
      needs: moto,
    },
    {
      name: "DynamoDB: no credentials",
      url: () => `dynamodb://jobs/x?endpoint=http://${NOBODY}&region=us-east-1`,
      words: /No AWS credentials were found/,
    },
    {
      name: "DynamoDB: nobody there",
      url: () => `dynamodb://jobs/x?endpoint=http://${NOBODY}&region=us-east-1`,
      words: /ECONNREFUSED/,
      environment: AWS_KEYS,
    },
    { name: "PostgreSQL: nobody there", url: () => `postgres://me:hush@${NOBODY}/d`, words: /ECONNREFUSED/ },
  ];
  test.for(troubles)("$name", async ({ url, words, needs = false, environment = {} }, { skip }) => {
    if (needs !== false) skip(needs);
    const started = bench.start(run(url()), { environment });
    await started.untilSays(/the store cannot be opened yet; trying again for up to 60 s.*\n/);
    expect(started.stderr()).toMatch(words);
    expect(started.stderr()).not.toMatch(TRACE);
    started.child.kill("SIGINT");
    const stoppedAt = performance.now();
    expect(await started.ended, started.stderr()).toBe(130);
    expect(performance.now() - stoppedAt).toBeLessThan(3000);
    expect(started.stderr()).toMatch(/stopped before the job was claimed/);
    expect(started.stdout()).toBe("");
  });

  test("who looks into a store does not wait for long", { timeout: 60_000 }, async () => {
    const urls = [
      `s3://bucket/x?endpoint=http://${NOBODY}&region=us-east-1`,
      `dynamodb://jobs/x?endpoint=http://${NOBODY}&region=us-east-1`,
      `postgres://me:hush@${NOBODY}/d`,
    ];
    const begun = performance.now();
    const looks = urls.map((url) => bench.run(["status", "--store", url], { environment: AWS_KEYS }));
    for (const { status, stderr } of await Promise.all(looks)) {
      expect(status, stderr).toBe(69);
      expect(stderr).toMatch(/^spotproof: .*ECONNREFUSED/m);
      expect(stderr).not.toMatch(TRACE);
    }
    expect(performance.now() - begun).toBeLessThan(25_000);
  });
});

describe("a driver that is not installed", () => {
  test.for([
    ["postgres://me:hush@127.0.0.1:1/d", /npm install pg@8/],
    // From Node.js 22.13 on SQLite is built in.
    ["sqlite:jobs.db", /npm install better-sqlite3|attempt ended: completed/],
  ] as const)("is named with the command that installs it: %s", async ([url, words]) => {
    const place = join(bench.folder, "installed");
    mkdirSync(place);
    for (const name of ["dist", "package.json"]) cpSync(name, join(place, name), { recursive: true });
    const end = await bench.run(run(url), { main: join(place, "dist/cli/main.js") });
    expect(end.stderr).toMatch(words);
    expect(end.stderr).not.toMatch(TRACE);
    expect([0, 64]).toContain(end.status);
  });
});

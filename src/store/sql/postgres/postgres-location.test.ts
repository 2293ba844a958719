import { expect, test } from "vitest";
import { parsePostgresLocation } from "./postgres-location.ts";

test("our own parameters are taken out of the URL, the others go to the driver", () => {
  const location = parsePostgresLocation(
    "postgresql://me:pass%40word@db.example:5433/jobs?schema=runs&prefix=team-a/x&connect_timeout=3",
  );
  expect(location).toMatchObject({
    kind: "postgres",
    connectionString: "postgresql://me:pass%40word@db.example:5433/jobs?connect_timeout=3",
    schema: "runs",
    prefix: "team-a/x",
    description: "postgres db.example:5433/jobs (schema runs, prefix team-a/x)",
  });
});

test("neither user nor password are in the description", () => {
  const { description } = parsePostgresLocation("postgres://me:secret@db.example/jobs?password=hidden");
  expect(description).toBe("postgres db.example/jobs");
});

test("sslmode means what it means to psql", () => {
  const tls = (mode: string): string =>
    parsePostgresLocation(`postgres://h/d?sslmode=${mode}`).connectionString;
  expect(tls("require")).toContain("uselibpqcompat=true");
  expect(tls("verify-full")).toContain("sslmode=verify-full");
  expect(() => tls("prefer")).toThrow(/sslmode=prefer: write disable, require/);
});

test.each([
  ["postgres://db.example/jobs", true],
  ["postgres://db.example/jobs?sslmode=disable", true],
  ["postgres://db.example/jobs?sslmode=require", false],
  ["postgres://localhost/jobs", false],
  ["postgres://127.0.0.1:5432/jobs", false],
  ["postgres:///jobs?host=/var/run/postgresql", false],
])("whether others could listen to %s: %s", (url, isExposed) => {
  expect(parsePostgresLocation(url).isExposed).toBe(isExposed);
});

test.each([
  "postgres://me:secret@db.example:notaport/jobs",
  "postgres://me:secret@db.example/jobs?schema=1x",
  "postgres://me:secret@db.example/jobs?prefx=a",
  `postgres://me:secret@db.example/jobs?prefix=${"x".repeat(513)}`,
  'postgres://me:secret@db.example/jobs?schema=a"b',
  "postgres://me:secret@db.example/jobs?prefix=/x",
  "postgres://me:secret%zz@db.example/jobs",
  "mysql://me:secret@db.example/jobs",
])("%s is refused without showing the password", (url) => {
  let failure: unknown;
  try {
    parsePostgresLocation(url);
  } catch (error) {
    failure = error;
  }
  expect(failure).toMatchObject({ code: "bad-usage" });
  expect(String((failure as Error).stack)).not.toContain("secret");
  expect((failure as Error).cause).toBeUndefined();
});

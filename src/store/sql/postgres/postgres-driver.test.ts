import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { bundleFixture } from "../../../../test/stages/fixture-process.ts";
import { hasBuiltInSqlite } from "../sqlite/compat.ts";
import { loadPostgresDriver } from "./postgres-driver.ts";

test("the driver that is there is loaded", async () => {
  expect(typeof (await loadPostgresDriver("/")).Client).toBe("function");
});

test("a driver that is nowhere is asked for, with what to install", async () => {
  const source = fileURLToPath(new URL("../sql-store.fixture.ts", import.meta.url));
  const program = await bundleFixture(source, ["pg", "better-sqlite3"]);
  const elsewhere = ["env", "-C", "/"];
  try {
    const postgres = await program.start(["postgres://127.0.0.1:1/x", "race", "1"], elsewhere).ended;
    expect(postgres.stderr).toMatch(/npm install pg@8.*\[bad-usage\]/);
    if (hasBuiltInSqlite) return;
    const sqlite = await program.start(["sqlite:/nowhere/x.db", "race", "1"], elsewhere).ended;
    expect(sqlite.stderr).toMatch(/npm install better-sqlite3.*\[bad-usage\]/);
  } finally {
    await program.close();
  }
});

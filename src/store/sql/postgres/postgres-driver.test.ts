import { expect, test } from "vitest";
import { loadPostgresDriver } from "./postgres-driver.ts";

test("the driver that is there is loaded", async () => {
  expect(typeof (await loadPostgresDriver("/")).Client).toBe("function");
});

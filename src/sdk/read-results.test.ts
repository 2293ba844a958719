import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readResults, runJob } from "../index.ts";

let store: string;
beforeEach(() => {
  store = mkdtempSync(join(tmpdir(), "spotproof-results-"));
});
afterEach(() => rmSync(store, { recursive: true, force: true }));

const all = async (job: string): Promise<unknown[]> => {
  const found: unknown[] = [];
  for await (const item of readResults<number>({ store, job }))
    found.push(item.kind === "done" ? item.result : item.error);
  return found;
};

test("the results of a completed job can be read by whoever is not the job", async () => {
  const options = { store, ending: "return", onEvent: () => undefined } as const;
  const end = await runJob("squares", options, (job) =>
    job.forEach([1, 2, 3], {}, (number) => number * number),
  );
  expect(end.kind).toBe("completed");
  expect(await all("squares")).toEqual([1, 4, 9]);
});

test("a job that nobody has run is not found", async () => {
  const options = { store, ending: "return", onEvent: () => undefined } as const;
  await runJob("other", options, () => undefined);
  await expect(all("squares")).rejects.toMatchObject({ code: "job-not-found" });
});

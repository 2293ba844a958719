import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CLAIMED_JOB, claimRequest } from "../../test/stages/claim.ts";
import { openFileStore } from "../store/index.ts";
import { claimJob } from "./claim-job.ts";
import type { ClaimRequest } from "./claim-request.ts";
import { readJobHistory } from "./history.ts";

let folder: string;
beforeEach(async () => {
  folder = await fs.mkdtemp(join(tmpdir(), "spotproof-job-"));
});
afterEach(async () => {
  await fs.rm(folder, { recursive: true, force: true });
});

const COMPLETED = { kind: "completed", reason: "", failuresUsed: 0, checkpointsCommitted: 0 } as const;

/** A claim in a store that was opened for it alone. */
async function request(options: Partial<ClaimRequest>): Promise<ClaimRequest> {
  return claimRequest(await openFileStore(join(folder, "store")), options);
}

test("K19, C04: of sixteen starts on one folder one claims, and the others leave", async () => {
  const results = await Promise.all(
    Array.from({ length: 16 }, async () => claimJob(await request({ ifRunning: "leave" }))),
  );
  const kinds = results.map((result) => result.kind);
  expect(kinds.filter((kind) => kind === "claimed")).toHaveLength(1);
  expect(kinds.filter((kind) => kind === "running-elsewhere")).toHaveLength(15);
});

test("J4, K01: of claimants that all take over a dead attempt one completes the job, and the others learn it", async () => {
  expect((await claimJob(await request({}))).kind).toBe("claimed");
  const results = await Promise.all(
    Array.from({ length: 5 }, async () => {
      const result = await claimJob(await request({}));
      return result.kind === "claimed" ? result.attempt.end(COMPLETED) : result.kind;
    }),
  );
  expect(results.sort()).toEqual(["completed", "completed", "completed", "completed", "valid"]);
  const history = await readJobHistory((await request({})).store, CLAIMED_JOB);
  expect(history?.attempts.map((attempt) => attempt.outcome?.kind)).toEqual(["lost", "completed"]);
});

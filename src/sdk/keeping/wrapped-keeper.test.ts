import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type Server, createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseJobName, systemClock } from "../../base/index.ts";
import { Channel } from "./channel.ts";
import type { CommitRequest } from "./keeper.ts";
import { WrappedKeeper } from "./wrapped-keeper.ts";

let folder: string;
let supervisor: Server;
let status: object;
let asked: (() => void) | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "wrapped-"));
  // A supervisor whose store is so slow that no checkpoint is ever done.
  supervisor = createServer((request, response) => {
    if (request.method === "GET") response.end(JSON.stringify(status));
    else asked?.();
  });
  await new Promise<void>((resolve) => supervisor.listen(join(folder, "socket"), resolve));
});

afterEach(async () => {
  const closed = new Promise((resolve) => supervisor.close(resolve));
  supervisor.closeAllConnections();
  await closed;
  rmSync(folder, { recursive: true });
});

async function openKeeper(): Promise<WrappedKeeper> {
  const keeper = new WrappedKeeper({
    clock: systemClock,
    channel: new Channel({ socketPath: join(folder, "socket"), url: undefined }, systemClock),
    job: parseJobName("fit"),
    attempt: 1,
    token: "",
    folder: join(folder, "ckpt"),
    resumedFrom: undefined,
    onTrouble: (message) => expect.unreachable(message),
  });
  await keeper.load(() => Promise.resolve(undefined));
  return keeper;
}

const record = (step: number): CommitRequest => ({
  reason: "notice",
  parts: [],
  index: { step },
  progress: undefined,
});
const recordThere = (): unknown =>
  JSON.parse(readFileSync(join(folder, "ckpt", "spotproof-state", "position.json"), "utf8"));

test("the last record of a program that was asked to stop is in the folder although a checkpoint is still under way", async () => {
  status = { phase: "stopping", interruption: "none", savesAtEnd: true };
  const keeper = await openKeeper();
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const commit = keeper.commit(record(1));
  const outcome = commit.then(
    () => "durable",
    () => "not durable",
  );
  await isAsked;
  expect(await keeper.handOver(record(2))).toBe(true);
  expect(recordThere()).toMatchObject({ index: { step: 2 } });
  supervisor.closeAllConnections();
  expect(await outcome).toBe("not durable");
});

test.each([
  { why: "only the program decides when it is saved", phase: "stopping", savesAtEnd: false },
  { why: "nobody has asked the program to stop", phase: "running", savesAtEnd: true },
])("nothing is handed over when $why", async ({ phase, savesAtEnd }) => {
  status = { phase, interruption: "none", savesAtEnd };
  const keeper = await openKeeper();
  expect(await keeper.handOver(record(1))).toBe(false);
  expect(recordThere).toThrow("ENOENT");
});

import { existsSync } from "node:fs";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { SpotproofError, checkpointId, attemptNumber, systemClock } from "../../base/index.ts";
import type { Progress } from "../../job/index.ts";
import { callChannel } from "./channel-client.ts";
import {
  type ChannelHandlers,
  type InterruptionAnswer,
  type JobChannel,
  openJobChannel,
} from "./channel-server.ts";

const limits = { clock: systemClock, limitMs: 5000 };
const open: JobChannel[] = [];

afterEach(async () => {
  for (const channel of open.splice(0)) await channel.close();
});

/** A channel whose supervisor can be told what to answer. */
async function openChannel(answers: Partial<ChannelHandlers> = {}, port?: number) {
  const heard: Progress[] = [];
  const handlers: ChannelHandlers = {
    interruption: () => undefined,
    checkpoint: () => Promise.resolve({ kind: "aborted" }),
    progress: (progress) => void heard.push(progress),
    status: () => ({ phase: "running" }),
    ...answers,
  };
  const channel = await openJobChannel({ handlers, temporaryFolder: tmpdir(), port });
  open.push(channel);
  return {
    channel,
    heard,
    ask: (method: "GET" | "POST", path: string, body?: string) =>
      callChannel(channel, { method, path, ...(body === undefined ? {} : { body }) }, limits),
  };
}

const announced: InterruptionAnswer = {
  action: "terminate",
  time: "2026-01-02T03:04:05Z",
  remainingMs: 90_000,
  source: "ec2-metadata",
  cause: "said so",
};

describe("the job channel", () => {
  test("answers 404 while nothing is announced, then 200 with action and time", async () => {
    let interruption: InterruptionAnswer | undefined;
    const { ask } = await openChannel({ interruption: () => interruption });
    expect((await ask("GET", "/interruption")).status).toBe(404);
    interruption = announced;
    const answer = await ask("GET", "/interruption");
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toEqual(announced);
  });

  test("C5: answers a request for a checkpoint with 200 only when it is durable", async () => {
    const id = checkpointId(attemptNumber(3), 7);
    const checkpoint = {
      id,
      capturedAtMs: 0,
      files: 1,
      totalBytes: 1,
      readBytes: 1,
      storedBytes: 1,
      durationMs: 5,
      pausedMs: 2,
      skipped: [],
    };
    const saved = await openChannel({ checkpoint: () => Promise.resolve({ kind: "saved", checkpoint }) });
    expect(JSON.parse((await saved.ask("POST", "/checkpoint")).body)).toEqual({
      checkpoint: "000003-000007",
      durable: true,
      pausedMs: 2,
    });
    const full = new SpotproofError("store-full", "no room");
    const failed = await openChannel({ checkpoint: () => Promise.resolve({ kind: "failed", error: full }) });
    const answer = await failed.ask("POST", "/checkpoint");
    expect(answer.status).toBe(503);
    expect(answer.body).toMatch(/store-full.*no room.*Free room/);
    const fenced = await openChannel({ checkpoint: () => Promise.resolve({ kind: "fenced-out" }) });
    expect((await fenced.ask("POST", "/checkpoint")).status).toBe(409);
  });

  test("takes progress, and says what is wrong with what is none", async () => {
    const { ask, heard } = await openChannel();
    expect((await ask("POST", "/progress", '{"done": 40, "total": 100, "unit": "steps"}')).status).toBe(204);
    expect(heard).toEqual([{ done: 40, total: 100, unit: "steps" }]);
    for (const body of [
      "",
      "40",
      '{"done": "40"}',
      '{"done": -1}',
      '{"done": 1, "total": null}',
      '{"done": 1, "unit": 7}',
    ]) {
      expect((await ask("POST", "/progress", body)).status).toBe(400);
    }
    expect((await ask("POST", "/progress", "x".repeat(1_000_000))).status).toBe(413);
    expect(heard).toHaveLength(1);
  });

  test("knows no other paths and methods, and says which it knows", async () => {
    const { ask } = await openChannel();
    for (const [method, path] of [
      ["GET", "/checkpoint"],
      ["POST", "/interruption"],
      ["GET", "/etc/passwd"],
      ["GET", "//"],
    ] as const) {
      const answer = await ask(method, path);
      expect(answer.status).toBe(404);
      expect(answer.body).toMatch(/GET \/interruption/);
    }
  });

  test("on a port of loopback only the path with the secret is answered", async () => {
    const { channel } = await openChannel({}, 0);
    const url = new URL(channel.url ?? "");
    expect((await callChannel({ url: url.href }, { method: "GET", path: "/" }, limits)).status).toBe(200);
    expect((await callChannel({ url: url.origin }, { method: "GET", path: "/" }, limits)).status).toBe(404);
  });

  test("does not wait for silent clients when it closes, and leaves nothing behind", async () => {
    const { channel } = await openChannel();
    const silent = createConnection(channel.socketPath);
    await new Promise((resolve) => silent.once("connect", resolve));
    await channel.close();
    silent.destroy();
    expect(existsSync(dirname(channel.socketPath))).toBe(false);
  });
});

test("a call where no channel is says so", async () => {
  await expect(
    callChannel({ socketPath: "/nowhere/job.sock" }, { method: "GET", path: "/" }, limits),
  ).rejects.toThrow(/No job channel answers/);
});

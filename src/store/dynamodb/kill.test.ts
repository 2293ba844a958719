import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dynamoDbStage } from "../../../test/stages/dynamodb-stage.ts";
import { type Moto, motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { PART_BYTES } from "./items.ts";

const KEY = "jobs/j/packs/1";
const VALUE = Buffer.alloc(PART_BYTES + 10_000, "new");
const DAY_AND_MORE_MS = 25 * 3_600_000;

describe.skipIf(motoMissing !== undefined)(
  `a process that is killed (kill -9)${motoMissing ? ` (${motoMissing})` : ""}`,
  () => {
    const moto = useMoto();
    let folder = "";

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "spotproof-dynamodb-writer-"));
      await build({
        configFile: false,
        logLevel: "silent",
        build: {
          ssr: true,
          target: "node20",
          outDir: folder,
          rollupOptions: {
            input: "test/stages/dynamodb-writer.ts",
            output: { format: "es", entryFileNames: "writer.mjs", chunkFileNames: "[name]-[hash].mjs" },
          },
        },
        ssr: { noExternal: true },
      });
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    test("C01: at any request of a create leaves the object whole or absent, and a sweep leaves no parts", {
      timeout: 120_000,
    }, async () => {
      let at = 1;
      while (await killAt(moto, join(folder, "writer.mjs"), at)) at += 1;
      // A look at the head, the record, two parts, the transaction.
      expect(at).toBe(6);
    });
  },
);

/** Kills the writer while its request number `at` is on the way, which then takes its effect. False: it ended before. */
async function killAt(moto: Moto, program: string, at: number): Promise<boolean> {
  const stage = await dynamoDbStage(moto);
  const heir = await stage.open();
  const url = `dynamodb://${stage.table}/a/b?region=us-east-1&endpoint=${encodeURIComponent(stage.proxy.url)}`;
  let requests = 0;
  stage.proxy.fault = ({ body }) => {
    if (requests === 0 && !body.includes(KEY)) return undefined;
    requests += 1;
    if (requests !== at) return undefined;
    child.kill("SIGKILL");
    return { kind: "wait", until: ended };
  };
  const child = spawn(process.execPath, [program, url, KEY, String(VALUE.length)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    child.once("exit", (_, signal) => resolve(signal)),
  );
  const wasKilled = (await ended) === "SIGKILL";
  await stage.proxy.quiet();

  const seen = await heir.store.read(KEY);
  if (seen !== undefined) expect(seen.equals(VALUE)).toBe(true);
  expect(seen === undefined).toBe(at < 5);
  expect(await heir.sweep()).toBe(0);
  stage.proxy.dateOffsetMs = DAY_AND_MORE_MS;
  expect(await heir.sweep()).toBe(at > 1 && at < 5 ? 1 : 0);
  expect(await stage.uploads()).toEqual({ parts: seen === undefined ? 0 : 2, records: 0 });
  await stage.close();
  return wasKilled;
}

import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BEST_CODEC } from "../../src/checkpoint/format/codec.ts";
import { bytesAt, contentsSaver, saveContents } from "../../src/checkpoint/contents.fixture.ts";
import type { Content } from "../../src/checkpoint/contents.ts";
import { describeTree, freshFolder, noise, openBench, save } from "../../src/checkpoint/folder.fixture.ts";
import { nastyTree } from "../../src/checkpoint/nasty-tree.fixture.ts";
import { openFileStore } from "../../src/store/index.ts";

const READER = join(import.meta.dirname, "read_checkpoint.py");
// The reader knows what Python's standard library knows, and that has zstd only from 3.14 on.
const NEEDED = BEST_CODEC.codec === "gzip" ? "import zlib" : "import compression.zstd";
const canRead = spawnSync("python3", ["-c", NEEDED]).status === 0;

describe.runIf(canRead)(
  "docs/checkpoint-format.md: a reader in Python, written from that page alone (needs python3 with the codecs of this Node.js)",
  () => {
    test("restores exactly what was saved, from the first checkpoint and from one that builds on it", async () => {
      const storeFolder = freshFolder();
      const bench = openBench(await openFileStore(storeFolder));
      fs.mkdirSync(bench.work);
      nastyTree(bench.work);
      // The list of so many files does not fit into the manifest; a text would be compressed.
      for (let at = 0; at < 500; at += 1) fs.writeFileSync(join(bench.work, `part-${at}`), noise(100, at));
      fs.writeFileSync(join(bench.work, "log"), "step 1 loss 0.5\n".repeat(200_000));
      const saver = bench.saver();
      const first = await save(saver);
      const trees = [describeTree(bench.work)];
      fs.appendFileSync(join(bench.work, "twice"), "appended");
      fs.rmSync(join(bench.work, "part-7"));
      const second = await save(saver);
      trees.push(describeTree(bench.work));
      for (const [at, { id }] of [first, second].entries()) {
        const restored = join(bench.base, `python-${at}`);
        execFileSync("python3", [READER, storeFolder, "train", id, restored]);
        expect(describeTree(restored)).toEqual(trees[at]);
      }
    });

    test("restores what stands in the manifest itself", async () => {
      const storeFolder = freshFolder();
      const bench = openBench(await openFileStore(storeFolder));
      const saver = contentsSaver(bench.store);
      const log = saver.openLog("state/items.log");
      log.append(noise(50_000, 2));
      const contents = (step: number): readonly Content[] => [
        bytesAt("state/position.json", `{"step":${step}}`),
        bytesAt("state/model", noise(100_000, 1)),
        bytesAt("empty"),
        { kind: "log", path: "state/items.log", log },
      ];
      await saveContents(saver, contents(1));
      log.append(Buffer.from("a tail"));
      const { id } = await saveContents(saver, contents(2));
      const restored = join(bench.base, "python");
      execFileSync("python3", [READER, storeFolder, "train", id, restored]);
      await bench.restore([id], { folder: bench.work });
      expect(describeTree(restored)).toEqual(describeTree(bench.work));
      expect(fs.readFileSync(join(restored, "state/position.json"), "utf8")).toBe('{"step":2}');
      expect(fs.readFileSync(join(restored, "state/items.log"))).toHaveLength(50_006);
    });

    test("C01: finds a flipped bit too", async () => {
      const storeFolder = freshFolder();
      const bench = openBench(await openFileStore(storeFolder));
      fs.mkdirSync(bench.work);
      fs.writeFileSync(join(bench.work, "file"), noise(10_000, 1));
      const { id } = await save(bench.saver());
      const pack = join(storeFolder, "jobs/train/packs/000001/000001");
      const bytes = fs.readFileSync(pack);
      bytes[5000] = (bytes[5000] ?? 0) ^ 1;
      fs.chmodSync(pack, 0o600);
      fs.writeFileSync(pack, bytes);
      const { status, stderr } = spawnSync(
        "python3",
        [READER, storeFolder, "train", id, join(bench.base, "out")],
        {
          encoding: "utf8",
        },
      );
      expect(status).not.toBe(0);
      expect(stderr).toContain("does not match its hash");
    });
  },
);

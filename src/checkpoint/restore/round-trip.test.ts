import fs from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openFileStore } from "../../store/index.ts";
import { JOB, describeTree, freshFolder, noise, openBench, save } from "../folder.fixture.ts";
import { restoreTo, verifyCheckpoint } from "../index.ts";
import { nastyTree } from "../nasty-tree.fixture.ts";

describe("a round trip", () => {
  test.each(["memory", "folder"])(
    "brings back every kind of entry exactly, with a %s store",
    async (kind) => {
      const bench = kind === "memory" ? openBench() : openBench(await openFileStore(freshFolder()));
      fs.mkdirSync(bench.work);
      nastyTree(bench.work);
      const before = describeTree(bench.work);
      const saver = bench.saver();
      const { id } = await save(saver);
      const { files, totalBytes, skipped, movedAside } = await bench.restore([id]);
      expect({ files, skipped, movedAside }).toEqual({ files: 15, skipped: [], movedAside: undefined });
      expect(totalBytes).toBeGreaterThan(7_000_000);
      expect(describeTree(join(bench.base, "restored"))).toEqual(before);
      expect(describeTree(bench.work)).toEqual(before);
      expect(await verifyCheckpoint(bench.store, JOB, id, { depth: "bytes" })).toMatchObject({
        kind: "sound",
      });
      await restoreTo(bench.store, JOB, id, join(bench.base, "copy", "fresh"));
      expect(describeTree(join(bench.base, "copy", "fresh"))).toEqual(before);
    },
  );

  test("of a round trip brings back the times that the first one had", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    nastyTree(bench.work);
    const before = describeTree(bench.work);
    const first = await save(bench.saver());
    const { restored } = await bench.restore([first.id], { folder: bench.work });
    const second = await save(bench.saver(2, restored));
    await bench.restore([second.id]);
    expect(describeTree(join(bench.base, "restored"))).toEqual(before);
  });

  test("leaves the holes of a sparse file holes", async () => {
    const bench = openBench();
    fs.mkdirSync(bench.work);
    const path = join(bench.work, "sparse");
    const file = fs.openSync(path, "w");
    fs.ftruncateSync(file, 200_000_000);
    fs.writeSync(file, noise(50_000, 1), 0, 50_000, 120_000_000);
    fs.closeSync(file);
    const { storedBytes, id } = await save(bench.saver());
    expect(storedBytes).toBeLessThan(3_000_000);
    await bench.restore([id]);
    const restored = fs.statSync(join(bench.base, "restored", "sparse"));
    expect(restored.size).toBe(200_000_000);
    expect(restored.blocks * 512).toBeLessThan(5_000_000);
    expect(describeTree(join(bench.base, "restored"))).toEqual(describeTree(bench.work));
  });
});

/** What a command does to its folder between two saves. */
type Change =
  | { readonly kind: "write"; readonly name: string; readonly size: number; readonly seed: number }
  | { readonly kind: "patch"; readonly name: string; readonly at: number; readonly seed: number }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "link"; readonly name: string; readonly to: string }
  | { readonly kind: "rename"; readonly name: string; readonly to: string }
  | { readonly kind: "chmod"; readonly name: string; readonly mode: number };

const name = fc.constantFrom("a", "b", "c", "d/a", "d/b", "d/e/f", "a.b", "d.x");
const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({
    kind: fc.constant("write" as const),
    name,
    size: fc.oneof(fc.nat(2000), fc.nat(400_000), fc.nat(3_000_000)),
    seed: fc.nat(9),
  }),
  fc.record({ kind: fc.constant("patch" as const), name, at: fc.nat(300_000), seed: fc.nat(9) }),
  fc.record({ kind: fc.constant("remove" as const), name }),
  fc.record({ kind: fc.constant("link" as const), name, to: name }),
  fc.record({ kind: fc.constant("rename" as const), name, to: name }),
  fc.record({ kind: fc.constant("chmod" as const), name, mode: fc.constantFrom(0o600, 0o444, 0o755) }),
);

function apply(work: string, one: Change): void {
  const path = join(work, one.name);
  try {
    fs.mkdirSync(join(path, ".."), { recursive: true });
    if (one.kind === "write") fs.writeFileSync(path, noise(one.size, one.seed));
    if (one.kind === "patch") {
      const file = fs.openSync(path, "r+");
      fs.writeSync(file, noise(100, one.seed), 0, 100, one.at);
      fs.closeSync(file);
    }
    if (one.kind === "remove") fs.rmSync(path, { recursive: true });
    if (one.kind === "link") fs.linkSync(path, join(work, one.to));
    if (one.kind === "rename") fs.renameSync(path, join(work, one.to));
    if (one.kind === "chmod") fs.chmodSync(path, one.mode);
  } catch (error) {
    // A change that this folder does not allow (no such file, a folder in the way) is no change.
    if (!(error instanceof Error) || !("syscall" in error)) throw error;
  }
}

test("C02: whatever a command does between saves, each checkpoint brings back the folder of its moment", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(change, { maxLength: 6 }), { minLength: 1, maxLength: 5 }),
      async (rounds) => {
        const bench = openBench();
        fs.mkdirSync(bench.work);
        let saver = bench.saver();
        const moments: {
          readonly id: Awaited<ReturnType<typeof save>>["id"];
          readonly tree: readonly string[];
        }[] = [];
        for (const [at, changes] of rounds.entries()) {
          for (const one of changes) apply(bench.work, one);
          const { id } = await save(saver);
          moments.push({ id, tree: describeTree(bench.work) });
          if (at % 2 === 1) {
            const { restored } = await bench.restore([id], { folder: bench.work });
            expect(describeTree(bench.work)).toEqual(moments.at(-1)?.tree);
            saver = bench.saver(at + 1, restored);
          }
        }
        for (const { id, tree } of moments) {
          await bench.restore([id]);
          expect(describeTree(join(bench.base, "restored"))).toEqual(tree);
          await fs.promises.rm(join(bench.base, "restored"), { recursive: true });
        }
      },
    ),
    { numRuns: 25 },
  );
}, 120_000);

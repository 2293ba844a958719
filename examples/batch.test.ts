import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bench, type Command, example, type Program } from "./program.ts";

const FILES = 300;

describe("the batch that compresses files", () => {
  let bench: Bench;
  let other: Bench;
  beforeEach(() => {
    bench = new Bench();
    other = new Bench();
  });
  afterEach(async () => {
    await bench.clear();
    await other.clear();
  });

  const assets = (): string => join(bench.folder, "assets");
  const recompress = (): Command => [process.execPath, example("build/recompress.js"), assets()];
  const outputsOf = ({ folder }: Bench): string => join(folder, "ckpt", "br");

  /** Waits until so many outputs are there. */
  async function hasMade(count: number, life: Program): Promise<void> {
    const made = (): number =>
      readdirSync(bench.folder, { recursive: true, encoding: "utf8" }).filter(isOutput).length;
    await expect
      .poll(made, { timeout: 20_000, interval: 20, message: life.everything() })
      .toBeGreaterThan(count);
  }

  /** How many files a life that was completed has compressed, and how many were done before. */
  function countsOf(life: Program): readonly [number, number] {
    const [, now, before] = /(\d+) files compressed, (\d+) were before/.exec(life.everything()) ?? [];
    return [Number(now), Number(before)];
  }

  test("interrupted by kill -9 and SIGTERM, does not do again what is done, and its outputs are equal bit for bit", {
    timeout: 120_000,
  }, async () => {
    const made = bench.start([
      process.execPath,
      example("build/assets.js"),
      assets(),
      "--files",
      String(FILES),
    ]);
    expect((await made.ended).status, made.everything()).toBe(0);
    const uninterrupted = other.start(recompress());
    expect((await uninterrupted.ended).status, uninterrupted.everything()).toBe(0);

    for (const [count, signal] of [
      [100, "SIGKILL"],
      [200, "SIGTERM"],
    ] as const) {
      const life = bench.start(recompress());
      await hasMade(count, life);
      life.signal(signal);
      const end = signal === "SIGTERM" ? { status: 75, signal: null } : { status: null, signal };
      expect(await life.ended, life.everything()).toEqual(end);
      // A new machine: what was done comes from the store.
      rmSync(join(bench.folder, "ckpt"), { recursive: true });
    }
    const last = bench.start(recompress());
    expect((await last.ended).status, last.everything()).toBe(0);
    const [now, before] = countsOf(last);
    expect(now + before).toBe(FILES);
    expect(before).toBeGreaterThanOrEqual(200);
    expect(last.lines.at(-1)).toBe(uninterrupted.lines.at(-1));

    const names = readdirSync(outputsOf(other)).sort();
    expect(names).toHaveLength(FILES);
    expect(readdirSync(outputsOf(bench)).sort()).toEqual(names);
    const different = names.filter((name) => {
      return !readFileSync(join(outputsOf(bench), name)).equals(readFileSync(join(outputsOf(other), name)));
    });
    expect(different).toEqual([]);
  });
});

const isOutput = (path: string): boolean => path.endsWith(".br");

import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Bench, type Command, example, type Program } from "./program.ts";
import { rehearse } from "./rehearsing.ts";

/** A line of the site's log. */
interface Request {
  readonly path: string;
  /** 0 when it was never answered. */
  readonly status: number;
  readonly key?: string;
}

describe("the crawler", () => {
  let bench: Bench;
  let siteFolder: Bench;
  let site: string;
  beforeEach(() => {
    bench = new Bench();
    siteFolder = new Bench();
  });
  afterEach(async () => {
    await bench.clear();
    await siteFolder.clear();
  });

  /** Serves a site on a free port. */
  async function serve(...options: readonly string[]): Promise<void> {
    const words = ["--port", "0", "--list", "pages.tsv", "--log", "requests.jsonl", ...options];
    const program = siteFolder.start([process.execPath, example("build/site.js"), ...words]);
    site = (await program.hears("serving")).split(" at ")[1] ?? "";
  }

  const crawl = (): Command => [process.execPath, example("build/crawl.js"), site];
  const pagesOfSite = (): string => readFileSync(join(siteFolder.folder, "pages.tsv"), "utf8");

  function requests(): readonly Request[] {
    const lines = readFileSync(join(siteFolder.folder, "requests.jsonl"), "utf8").trimEnd().split("\n");
    return lines.map((line) => JSON.parse(line) as Request);
  }

  /** Each page was asked for at least once, always with the same key, which no other page has; and nothing that is private. */
  function expectGoodManners(): void {
    const keys = new Map<string, Set<string | undefined>>();
    for (const { path, key } of requests()) {
      if (path !== "/robots.txt") keys.set(path, (keys.get(path) ?? new Set()).add(key));
    }
    expect([...keys].filter(([, { size }]) => size !== 1)).toEqual([]);
    const all = [...keys.values()].flatMap((set) => [...set]);
    expect(all).not.toContain(undefined);
    expect(new Set(all).size).toBe(keys.size);
    const paths = pagesOfSite()
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t")[0] ?? "");
    expect(paths.filter((path) => !keys.has(path))).toEqual([]);
    expect([...keys.keys()].filter((path) => path.startsWith("/private/"))).toEqual([]);
  }

  /** Waits until the site was asked for so many pages. */
  async function isAsked(times: number, life: Program): Promise<void> {
    await expect
      .poll(() => requests().length, { timeout: 20_000, interval: 20, message: life.everything() })
      .toBeGreaterThan(times);
  }

  test("interrupted by SIGTERM and kill -9 on machines without a disk, has each page of the site once", {
    timeout: 60_000,
  }, async () => {
    await serve("--files", "500");
    for (const [times, signal] of [
      [150, "SIGTERM"],
      [350, "SIGKILL"],
    ] as const) {
      const life = bench.start(crawl());
      await isAsked(times, life);
      life.signal(signal);
      const end = signal === "SIGTERM" ? { status: 75, signal: null } : { status: null, signal };
      expect(await life.ended, life.everything()).toEqual(end);
      rmSync(join(bench.folder, "ckpt"), { recursive: true, force: true });
    }
    const last = bench.start(crawl());
    expect((await last.ended).status, last.everything()).toBe(0);
    expect(readFileSync(join(bench.folder, "ckpt", "pages.tsv"), "utf8")).toBe(pagesOfSite());
    expect(last.lines.filter((line) => line.startsWith("given up"))).toEqual([]);
    expect(last.everything()).toMatch(/[1-9]\d* were before/);
    expectGoodManners();
  });

  test("rehearsed in the harsh scenario, has each page of a site of thousands once", {
    timeout: 180_000,
  }, async () => {
    await serve("--files", "2000", "--delay", "50");
    const { status, job, story } = await rehearse(bench, {
      options: ["--scenario", "harsh", "--no-alone", "--length", "8s"],
      command: crawl(),
    });
    expect({ status, failures: job.failures }, story).toEqual({ status: 0, failures: [] });
    expect(job.verdict.totals.interruptions, story).toBeGreaterThanOrEqual(4);
    const index = createHash("sha256").update(pagesOfSite()).digest("hex").slice(0, 16);
    expect(job.lastWords.join("\n"), story).toMatch(new RegExp(`^result: .* index ${index}$`, "m"));
    expectGoodManners();
    const pages = pagesOfSite().split("\n").length - 1;
    console.log(`${pages} pages, ${requests().length} requests, ${job.attempts.length} attempts`);
  });
});

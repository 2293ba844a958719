// Crawls a web site breadth first and keeps what it found: each page once in the record, whatever happens to the machine.
//
//   node build/site.js --port 8080 &
//   node build/crawl.js http://127.0.0.1:8080/ --store ./store
//
// There is no state to save. Which pages were seen, and which come next, follows from the record of the pages before.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { type ForEachOptions, type Job, runJob } from "spotproof";
import { indexOf, type IndexedPage } from "./page-index.ts";
import { linksIn, titleOf } from "./html.ts";
import { disallowedBy } from "./robots.ts";

const AGENT = "spotproof-example-crawler";

/** What is kept of a page. */
interface Page extends IndexedPage {
  readonly status: number;
  readonly links: readonly string[];
}

const { values, positionals } = parseArgs({
  options: { store: { type: "string", default: "./store" } },
  allowPositionals: true,
});
const start = new URL(positionals[0] ?? "http://127.0.0.1:8080/").href;

const options = {
  store: values.store,
  files: "./ckpt", // the index is put here, and so is in the store before the job counts as completed
  heartbeatMs: 1_000, // for trying out: a successor begins 3 s after a life that ended without a word
  leaseMs: 3_000,
};

/** A page that does not answer, or not now, is asked again, and in the end kept as one that failed. */
const politely: ForEachOptions<string> = {
  key: (url) => url,
  concurrency: 16,
  timeoutMs: 2_000,
  retries: 4,
  backoff: { firstMs: 200, longestMs: 5_000 },
  onFailure: "keep",
};

await runJob("crawl", options, async (job) => {
  // Read once in the life of the job: whatever the site says later, all machines keep to the same rules.
  const disallowed = await job.once("robots.txt", readRules);
  const seen = new Set([start]);
  const pages: Page[] = [];
  let frontier = [start];
  for (let depth = 0; frontier.length > 0; depth += 1) {
    job.progress(pages.length, undefined, "pages"); // nobody knows of how many
    // What an earlier life has visited is skipped, and a round that was finished takes no time at all.
    const { done, skipped } = await job.forEach(
      frontier,
      { ...politely, name: `depth-${depth}` },
      // A request costs little: a machine that is about to go does not wait for it, and the next one asks again.
      (url, { idempotencyKey, signal }) => visit(url, idempotencyKey, AbortSignal.any([signal, job.signal])),
    );
    console.log(`depth ${depth}: ${done} pages visited, ${skipped} were before`);
    frontier = [];
    for (const page of await found(job, `depth-${depth}`)) {
      pages.push(page);
      for (const link of page.links) {
        if (seen.has(link) || disallowed.some((rule) => new URL(link).pathname.startsWith(rule))) continue;
        seen.add(link);
        frontier.push(link);
      }
    }
  }
  const index = indexOf(pages.filter(({ status }) => status === 200));
  writeFileSync("./ckpt/pages.tsv", index);
  const fingerprint = createHash("sha256").update(index).digest("hex").slice(0, 16);
  console.log(`result: ${seen.size} links followed, ${pages.length} answers, index ${fingerprint}`);
});

async function readRules(): Promise<readonly string[]> {
  const response = await fetch(new URL("/robots.txt", start), { headers: { "user-agent": AGENT } });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`robots.txt: ${response.status}`);
  return disallowedBy(await response.text());
}

/** The key is the same in each try and each life: a site that counts visits could count this one once. */
async function visit(url: string, idempotencyKey: string, signal: AbortSignal): Promise<Page> {
  const headers = { "user-agent": AGENT, "idempotency-key": idempotencyKey };
  const response = await fetch(url, { headers, signal });
  const { status } = response;
  const body = Buffer.from(await response.arrayBuffer());
  if (status === 429 || status >= 500) throw new Error(`${url}: ${status}`);
  const html = body.toString();
  return {
    url,
    status,
    title: titleOf(html),
    links: linksIn(html, url),
    bytes: body.length,
    sha256: createHash("sha256").update(body).digest("hex"),
  };
}

async function found(job: Job, round: string): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for await (const outcome of job.results<Page>(round)) {
    if (outcome.kind === "done") pages.push(outcome.result);
    else console.log(`given up: ${outcome.key}: ${outcome.error.message}`);
  }
  return pages;
}

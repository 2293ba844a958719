// A web site for the crawler: the documentation of this checkout and the declarations of its packages, as pages that link to
// each other. As real ones do, it is slow, busy now and then, and has links that lead nowhere.
//
//   node build/site.js [--port 8080] [--files 3000] [--delay 20] [--list pages.tsv] [--log requests.jsonl]
//
// --list writes what the crawler should find; --log appends a line for each request.

import { createHash } from "node:crypto";
import { appendFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { indexOf } from "./page-index.ts";
import { pagesOf } from "./site-pages.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "8080" },
    files: { type: "string", default: "3000" },
    delay: { type: "string", default: "20" },
    list: { type: "string" },
    log: { type: "string" },
  },
});

/** One path of so many is answered with 503 when it is asked for first; of some others the first request is never answered. */
const BUSY_ONE_IN = 40;
const SILENT_ONE_IN = 400;

const ROBOTS = "User-agent: *\nDisallow: /private/\n";

const pages = pagesOf(Number(values.files));
const asked = new Set<string>();

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "/";
  const isFirst = !asked.has(path);
  asked.add(path);
  const dice = createHash("sha256").update(path).digest().readUInt32LE();
  const send = (status: number, body: string, type = "text/html; charset=utf-8"): void => {
    log(path, status, request.headers["idempotency-key"]);
    response.writeHead(status, { "content-type": type }).end(body);
  };
  if (path === "/robots.txt") return send(200, ROBOTS, "text/plain");
  await sleep(Number(values.delay));
  if (isFirst && dice % SILENT_ONE_IN === 1) return log(path, 0, request.headers["idempotency-key"]);
  if (isFirst && dice % BUSY_ONE_IN === 0) return send(503, "<title>Busy</title>");
  const page = pages.get(path);
  if (page === undefined) return send(404, "<title>Not found</title>");
  send(200, page.html);
}

function log(path: string, status: number, key: string | string[] | undefined): void {
  if (values.log !== undefined) appendFileSync(values.log, `${JSON.stringify({ path, status, key })}\n`);
}

const server = createServer((request, response) => void answer(request, response));
server.listen(Number(values.port), "127.0.0.1", () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const list = [...pages.values()].map(({ path, title, html }) => {
    const bytes = Buffer.from(html);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    return { url: `${origin}${path}`, title, bytes: bytes.length, sha256 };
  });
  if (values.list !== undefined) writeFileSync(values.list, indexOf(list));
  console.log(`serving ${pages.size} pages at ${origin}/`);
});

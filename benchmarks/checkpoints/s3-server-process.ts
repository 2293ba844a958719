/// <reference types="vite/types/importMeta.d.ts" />
import { isFunction } from "./optional-part.ts";

// The server that everybody is measured against, in a process of its own: what it takes counts for nobody.

const FAKES = import.meta.glob("../../src/simulator/s3-fake/*.ts");

const [load] = Object.entries(FAKES)
  .filter(([path]) => /\/(index|s3-fake|start-s3-fake)\.ts$/.test(path))
  .map(([, load]) => load);
const { startS3Fake } = ((await load?.()) ?? {}) as Readonly<Record<string, unknown>>;
if (isFunction(startS3Fake)) {
  const fake = (await startS3Fake({ buckets: ["benchmark"] })) as Readonly<Record<string, unknown>>;
  process.stdout.write(`${JSON.stringify({ endpoint: fake["endpoint"] ?? fake["url"] })}\n`);
} else {
  process.stdout.write(`${JSON.stringify({ missing: "src/simulator/s3-fake" })}\n`);
  process.exit(0);
}

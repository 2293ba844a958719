/// <reference types="vite/types/importMeta.d.ts" />
import { isFunction } from "./optional-part.ts";

// The server that everybody is measured against, in a process of its own: what it takes counts for nobody. It does not
// compare bodies with their hashes, so that it is not what bounds everybody.

/** What the process says first, as a line of JSON. */
export interface S3ServerReport {
  readonly url?: string | undefined;
  /** Why there is no server. */
  readonly missing?: string | undefined;
}

const tell = (report: S3ServerReport): boolean => process.stdout.write(`${JSON.stringify(report)}\n`);

const [load] = Object.values(import.meta.glob("../../src/simulator/s3-fake/index.ts"));
const { startS3Fake } = ((await load?.()) ?? {}) as Readonly<Record<string, unknown>>;
if (isFunction(startS3Fake)) {
  const [bucket] = process.argv.slice(2);
  const { url } = (await startS3Fake({ buckets: [bucket], verify: false })) as { readonly url: string };
  tell({ url });
} else {
  tell({ missing: "there is no src/simulator/s3-fake" });
}

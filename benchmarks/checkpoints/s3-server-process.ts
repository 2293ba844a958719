import { startS3Fake } from "../../src/simulator/index.ts";

// The server that everybody is measured against, in a process of its own: what it takes counts for nobody. With `verifies`
// it compares bodies with what their requests say of them, as S3 does; without it does not, and is bound by less.

/** What the process says first, as a line of JSON. */
export interface S3ServerReport {
  readonly url: string;
}

const [bucket = "", verifies = ""] = process.argv.slice(2);
const { url } = await startS3Fake({ buckets: [bucket], verify: verifies === "verifies" });
const report: S3ServerReport = { url };
process.stdout.write(`${JSON.stringify(report)}\n`);

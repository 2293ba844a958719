import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import type { JobVerdict, RehearsalRecord, RehearsedJob, Verdict } from "../src/simulator/index.ts";
import { type Bench, type Command, example } from "./program.ts";

// Rehearses examples as their readers would: by the command line, from a folder that has nothing else in it.

/** One of the jobs of a rehearsal: what happened to it, and what that proved. */
export interface RehearsedExample extends RehearsedJob {
  readonly verdict: JobVerdict;
  /** Ids of the findings because of which it is not spot-proof. */
  readonly failures: readonly string[];
}

/** What `spotproof rehearse` found out. */
export interface Rehearsal {
  /** The exit status. */
  readonly status: number | null;
  readonly record: RehearsalRecord;
  readonly job: RehearsedExample;
  /** The job of `--compare`. */
  readonly compare: RehearsedExample | undefined;
  /** For the message of a failed test. */
  readonly story: string;
}

/** What a rehearsal is asked for. */
export interface RehearsalOrder {
  readonly options: readonly string[];
  readonly command: Command;
  readonly environment?: Readonly<Record<string, string>>;
}

const SPOTPROOF = example("../dist/cli/main.js");

/** Machines see nothing of this computer's /tmp but what is named; a checkout may lie there. */
const CHECKOUT = example("..");

/**
 * Rehearses a command in the bench's folder.
 * @throws Error with everything that was said when it prints no report
 */
export async function rehearse(bench: Bench, order: RehearsalOrder): Promise<Rehearsal> {
  const words = ["rehearse", "--json", "--input", CHECKOUT, ...order.options, "--", ...order.command];
  const program = bench.start([process.execPath, SPOTPROOF, ...words], order.environment);
  const { status } = await program.ended;
  expect(program.lines.length, program.everything()).toBeGreaterThan(0);
  const { record, verdict } = JSON.parse(program.lines.join("\n")) as {
    record: RehearsalRecord;
    verdict: Verdict;
  };
  const jobs = record.jobs.map((job, index) => withVerdict(job, verdict.jobs[index]));
  const [job, compare] = jobs;
  if (job === undefined) throw new Error(program.everything());
  const findings = jobs.flatMap(({ id, verdict }) =>
    verdict.findings.map((finding) => `${id}: ${finding.id} ${finding.title}. ${finding.detail}`),
  );
  return { status, record, job, compare, story: [...program.words, ...findings].join("\n") };
}

function withVerdict(job: RehearsedJob, verdict: JobVerdict | undefined): RehearsedExample {
  if (verdict === undefined) throw new Error(`There is no verdict on ${job.title}.`);
  const fails = verdict.findings.filter(({ severity }) => severity === "fails");
  return { ...job, verdict, failures: fails.map(({ id }) => id) };
}

/** Writes a scenario into the bench's folder; gives what `--scenario` takes. */
export function scenarioFile(bench: Bench, yaml: string): string {
  const file = join(bench.folder, "scenario.yaml");
  writeFileSync(file, yaml);
  return file;
}

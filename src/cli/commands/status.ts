import { type Command, Option } from "commander";
import {
  type JobName,
  SpotproofError,
  formatDuration,
  parseDuration,
  parseJobName,
  systemClock,
  systemRandom,
} from "../../base/index.ts";
import type { AttemptHistory, JobHistory, Liveness, Progress } from "../../job/index.ts";
import { type Store, openStore, parseStoreLocation } from "../../store/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import { formatTable } from "../output/table.ts";
import type { Work } from "../program.ts";
import { sayTrouble } from "../store-troubles.ts";

interface StatusOptions {
  readonly store: string;
  readonly job?: string;
  readonly json?: boolean;
  readonly observe?: string;
}

/** `spotproof status`: jobs, attempts, checkpoints, progress, lost work. */
export function declareStatusCommand(program: Command, choose: (work: Work) => void): void {
  program
    .command("status")
    .summary("jobs, attempts, checkpoints, progress, lost work")
    .description(
      "Shows the jobs of a store: their attempts and how each ended, checkpoints, progress, and the work that was lost. Reads only.",
    )
    .addOption(
      new Option("-s, --store <place>", "the store to look into")
        .env("SPOTPROOF_STORE")
        .makeOptionMandatory(),
    )
    .option("-j, --job <name>", "only this job")
    .option(
      "--observe <lease>",
      "watch an attempt without an outcome for so long (for example 30s), to tell whether it lives",
    )
    .option("--json", "machine-readable; the fields are a promise")
    .action((options: StatusOptions) => choose((io) => showStatus(options, io)));
}

type SeenJob = { readonly history: JobHistory; readonly liveness: Liveness | undefined };

async function showStatus(options: StatusOptions, io: CommandIo): Promise<number> {
  const location = parseStoreLocation(options.store, io.workingFolder, "--store");
  const opened = await openStore(location, "read", undefined, { onTrouble: sayTrouble(io) });
  try {
    return await showStatusOf(opened.store, options, io);
  } finally {
    await opened.close();
  }
}

async function showStatusOf(store: Store, options: StatusOptions, io: CommandIo): Promise<number> {
  const { listJobs, readJobHistory } = await import("../../job/index.ts");
  const names: readonly JobName[] =
    options.job === undefined ? await listJobs(store) : [parseJobName(options.job)];
  const jobs: SeenJob[] = [];
  for (const name of names) {
    const history = await readJobHistory(store, name);
    if (history !== undefined) jobs.push({ history, liveness: await observe(store, history, options) });
    else if (options.job !== undefined)
      throw new SpotproofError("job-not-found", `${name} in ${store.description}.`);
  }
  if (options.json === true)
    io.out(`${JSON.stringify({ store: store.description, jobs: jobs.map(jobAsJson) }, null, 2)}\n`);
  else if (jobs.length === 0) io.out(`${store.description} has no jobs yet.\n`);
  else io.out(jobs.map(describeJob).join("\n"));
  return EXIT.done.status;
}

async function observe(
  store: Store,
  history: JobHistory,
  options: StatusOptions,
): Promise<Liveness | undefined> {
  const latest = history.attempts.at(-1);
  if (options.observe === undefined || latest === undefined || latest.outcome !== undefined) return undefined;
  const { observeLiveness } = await import("../../job/index.ts");
  const leaseMs = parseDuration(options.observe, "--observe");
  return observeLiveness(store, history.job, {
    clock: systemClock,
    random: systemRandom,
    leaseMs,
    heartbeatMs: leaseMs / 3,
    signal: new AbortController().signal,
  });
}

/** One word for a job or an attempt that has no outcome: only looking for a while can tell (K06). */
function stateWithoutOutcome(liveness: Liveness | undefined): string {
  if (liveness?.kind === "alive") return "running";
  if (liveness?.kind === "silent") return "vanished";
  return "no end recorded";
}

function describeJob({ history, liveness }: SeenJob): string {
  const latest = history.attempts.at(-1);
  const state = latest?.outcome?.kind ?? stateWithoutOutcome(liveness);
  const checkpoints = history.lineage.length;
  const newest = history.lineage[0] === undefined ? "" : `, newest ${history.lineage[0]}`;
  const lines = [
    `${history.job}: ${state}; ${count(history.attempts.length, "attempt")}, ${count(checkpoints, "checkpoint")}${newest}\n`,
  ];
  const rows = history.attempts.map((attempt) =>
    attemptRow(attempt, attempt === latest ? liveness : undefined),
  );
  lines.push(
    formatTable(["  ATTEMPT", "HOST", "END", "LIVED", "CHECKPOINTS", "PROGRESS", "LOST WORK", "WHY"], rows),
  );
  if (latest !== undefined && latest.outcome === undefined && liveness === undefined) {
    lines.push(
      `  Attempt ${latest.number} was last heard of at ${latest.heartbeat?.writtenAt ?? latest.claim.claimedAt} by its own clock. --observe 30s tells whether it lives.\n`,
    );
  }
  return lines.join("");
}

function attemptRow(attempt: AttemptHistory, liveness: Liveness | undefined): readonly string[] {
  const { outcome, heartbeat, claim } = attempt;
  const livedMs = outcome?.aliveMs ?? heartbeat?.aliveMs;
  const resumed = claim.resumesFrom === null ? "from the start" : `from ${claim.resumesFrom}`;
  return [
    `  ${attempt.number}`,
    claim.host,
    outcome?.kind ?? stateWithoutOutcome(liveness),
    livedMs === undefined || livedMs === null ? "-" : formatDuration(livedMs),
    String(attempt.checkpoints.length),
    describeProgress(outcome?.progress ?? heartbeat?.progress),
    describeLostWork(attempt),
    outcome === undefined ? resumed : `${outcome.reason} (${resumed})`,
  ];
}

function describeLostWork({ unsaved, outcome }: AttemptHistory): string {
  if (unsaved === undefined) return "-";
  const amount = `${unsaved.atLeast ? "at least " : ""}${formatDuration(unsaved.ms)}`;
  const steps =
    unsaved.progress === undefined ? "" : `, ${unsaved.progress} ${outcome?.progress?.unit ?? "steps"}`;
  return outcome === undefined ? `${amount}${steps} at stake` : `${amount}${steps}`;
}

function describeProgress(progress: Progress | undefined): string {
  if (progress === undefined) return "-";
  const of = progress.total === undefined ? "" : `/${progress.total}`;
  return `${progress.done}${of}${progress.unit === undefined ? "" : ` ${progress.unit}`}`;
}

function count(amount: number, what: string): string {
  return `${amount} ${what}${amount === 1 ? "" : "s"}`;
}

function jobAsJson({ history, liveness }: SeenJob) {
  const latest = history.attempts.at(-1);
  return {
    job: history.job,
    state: latest?.outcome?.kind ?? stateWithoutOutcome(liveness),
    checkpoints: history.lineage,
    attempts: history.attempts.map(({ number, claim, heartbeat, outcome, events, checkpoints, unsaved }) => ({
      attempt: number,
      resumesFrom: claim.resumesFrom,
      host: claim.host,
      command: claim.command,
      claimedAt: claim.claimedAt,
      heartbeat: heartbeat ?? null,
      outcome: outcome ?? null,
      checkpoints,
      unsaved: unsaved ?? null,
      events,
    })),
  };
}

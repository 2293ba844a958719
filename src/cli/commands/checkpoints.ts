import { type Command, Option } from "commander";
import { resolve } from "node:path";
import {
  type CheckpointId,
  type JobName,
  SpotproofError,
  formatBytes,
  formatDuration,
  parseCheckpointId,
  parseDuration,
  parseJobName,
  systemClock,
  systemRandom,
} from "../../base/index.ts";
import type { ListedCheckpoint, PruneReport, Retention, VerifyResult } from "../../checkpoint/index.ts";
import type { Ended, JobHistory } from "../../job/index.ts";
import { type OpenedStore, type Store, openStore, parseStoreLocation } from "../../store/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import { parseCount } from "../option-values.ts";
import { formatTable } from "../output/table.ts";
import type { Work } from "../program.ts";
import { sayTrouble } from "../store-troubles.ts";

interface CommonOptions {
  readonly store: string;
  readonly job: string;
  readonly json?: boolean;
}

/** The job that a subcommand is about. */
interface OpenedJob {
  readonly store: Store;
  readonly opened: OpenedStore;
  readonly job: JobName;
  readonly history: JobHistory;
}

/** `spotproof checkpoints list|verify|restore|prune`. */
export function declareCheckpointsCommand(program: Command, choose: (work: Work) => void): void {
  const group = program
    .command("checkpoints")
    .summary("list, verify, restore, prune")
    .description("Looks after the checkpoints of a job.");
  group.action(() => group.outputHelp({ error: true }));
  const declare = (name: string, summary: string): Command =>
    group
      .command(name)
      .description(summary)
      .addOption(
        new Option("-s, --store <place>", "the store that has them")
          .env("SPOTPROOF_STORE")
          .makeOptionMandatory(),
      )
      .requiredOption("-j, --job <name>", "the job")
      .option("--json", "machine-readable; the fields are a promise");
  declare("list", "Lists the checkpoints of a job, newest first.").action((options: CommonOptions) =>
    choose((io) => withJob(options, io, "read", (job) => list(job, options, io))),
  );
  declare(
    "verify",
    "Verifies checkpoints against their hashes, without restoring them. Status 65 when one is damaged.",
  )
    .argument("[checkpoint...]", "which; all when none is named")
    .option("--quick", "only look whether everything is there in full length")
    .action((names: string[], options: VerifyOptions) =>
      choose((io) => withJob(options, io, "read", (job) => verify(job, names, options, io))),
    );
  declare(
    "restore",
    "Writes a checkpoint into a folder that is empty or does not exist, verifying every byte.",
  )
    .argument("[checkpoint]", "which; the newest usable one when none is named")
    .requiredOption("--to <folder>", "where")
    .option("--dry-run", "only verify that it could be done")
    .action((name: string | undefined, options: RestoreOptions) =>
      choose((io) => withJob(options, io, "read", (job) => restore(job, name, options, io))),
    );
  declare("prune", "Removes old checkpoints and what only they need. The newest two that verify always stay.")
    .option("--keep <n>", "keep the newest n; at least 2", "5")
    .option("--keep-hourly <n>", "and the newest of each of so many hours", "0")
    .option("--keep-daily <n>", "and the newest of each of so many days", "0")
    .option(
      "--observe <lease>",
      "when the last attempt has no outcome: watch it for so long, and prune if it is silent",
      "30s",
    )
    .option("--dry-run", "only tell what would be removed")
    .action((options: PruneOptions) => choose((io) => prune(options, io)));
}

/** Opens the store, does `work` with the job in it, and lets go of the store. */
async function withJob(
  options: CommonOptions,
  io: CommandIo,
  mode: "read" | "write",
  work: (opened: OpenedJob) => Promise<number>,
): Promise<number> {
  const job = parseJobName(options.job);
  const location = parseStoreLocation(options.store, io.workingFolder, "--store");
  const opened = await openStore(location, mode, undefined, { onTrouble: sayTrouble(io) });
  try {
    const { store } = opened;
    return await work({ store, opened, job, history: await historyOf(store, job) });
  } finally {
    await opened.close();
  }
}

async function historyOf(store: Store, job: JobName): Promise<JobHistory> {
  const { readJobHistory } = await import("../../job/index.ts");
  const history = await readJobHistory(store, job);
  if (history === undefined) throw new SpotproofError("job-not-found", `${job} in ${store.description}.`);
  return history;
}

async function list(
  { store, job, history }: OpenedJob,
  options: CommonOptions,
  io: CommandIo,
): Promise<number> {
  const { listCheckpoints } = await import("../../checkpoint/index.ts");
  const listed = await listCheckpoints(store, job);
  const usable = new Set(history.lineage);
  if (options.json === true) {
    const checkpoints = listed.map((one) =>
      one.kind === "readable"
        ? {
            id: one.id,
            state: one.kind,
            inLineage: usable.has(one.id),
            reason: one.reason,
            capturedAt: one.capturedAt,
            files: one.files,
            totalBytes: one.totalBytes,
            packs: Object.fromEntries(one.packs),
            note: one.note,
          }
        : { id: one.id, state: one.kind, inLineage: usable.has(one.id), problem: one.problem },
    );
    io.out(`${JSON.stringify({ job, checkpoints }, null, 2)}\n`);
  } else if (listed.length === 0) io.out(`${job} has no checkpoints yet.\n`);
  else
    io.out(
      formatTable(
        ["CHECKPOINT", "CAPTURED", "WHY", "FILES", "SIZE", "USE"],
        listed.map((one) => row(one, usable)),
      ),
    );
  return EXIT.done.status;
}

function row(one: ListedCheckpoint, usable: ReadonlySet<CheckpointId>): readonly string[] {
  const use = usable.has(one.id)
    ? one.id === [...usable][0]
      ? "the next attempt begins here"
      : "older"
    : "never read: its attempt was overtaken";
  if (one.kind !== "readable") return [one.id, "-", one.kind, "-", "-", one.problem];
  return [one.id, one.capturedAt, one.reason, String(one.files), formatBytes(one.totalBytes), use];
}

type VerifyOptions = CommonOptions & { readonly quick?: boolean };

async function verify(
  { store, job }: OpenedJob,
  names: readonly string[],
  options: VerifyOptions,
  io: CommandIo,
): Promise<number> {
  const { listCheckpoints, verifyCheckpoint } = await import("../../checkpoint/index.ts");
  const ids =
    names.length > 0 ? names.map(parseCheckpointId) : (await listCheckpoints(store, job)).map(({ id }) => id);
  const results: { readonly id: CheckpointId; readonly result: VerifyResult }[] = [];
  for (const id of ids) {
    const result = await verifyCheckpoint(store, job, id, {
      depth: options.quick === true ? "presence" : "bytes",
    });
    results.push({ id, result });
    if (options.json !== true)
      io.out(
        `${id}: ${result.kind === "sound" ? `sound, ${formatBytes(result.packBytes)} in ${result.packs} packs` : `DAMAGED: ${result.problems.join(" ")}`}\n`,
      );
  }
  if (options.json === true) io.out(`${JSON.stringify({ job, results }, null, 2)}\n`);
  else if (ids.length === 0) io.out(`${job} has no checkpoints yet.\n`);
  return results.every(({ result }) => result.kind === "sound")
    ? EXIT.done.status
    : EXIT.checkpointUnusable.status;
}

type RestoreOptions = CommonOptions & { readonly to: string; readonly dryRun?: boolean };

async function restore(
  { store, job, history }: OpenedJob,
  name: string | undefined,
  options: RestoreOptions,
  io: CommandIo,
): Promise<number> {
  const { restoreTo, verifyCheckpoint } = await import("../../checkpoint/index.ts");
  const candidates = name === undefined ? history.lineage : [parseCheckpointId(name)];
  if (candidates.length === 0)
    throw new SpotproofError("checkpoint-not-found", `${job} has no checkpoints yet.`);
  const folder = resolve(io.workingFolder, options.to);
  const skipped: { readonly id: CheckpointId; readonly reason: string }[] = [];
  for (const id of candidates) {
    try {
      if (options.dryRun === true) {
        const result = await verifyCheckpoint(store, job, id, { depth: "bytes" });
        if (result.kind === "damaged")
          throw new SpotproofError("checkpoint-damaged", `${id}: ${result.problems.join(" ")}`);
        io.out(
          options.json === true
            ? `${JSON.stringify({ job, checkpoint: id, dryRun: true, skipped })}\n`
            : `${id} is sound and would be restored into ${folder}\n`,
        );
        return EXIT.done.status;
      }
      const { files, totalBytes } = await restoreTo(store, job, id, folder);
      io.out(
        options.json === true
          ? `${JSON.stringify({ job, checkpoint: id, folder, files, totalBytes, skipped })}\n`
          : `${id}: ${files} files, ${formatBytes(totalBytes)}, restored into ${folder}\n`,
      );
      return EXIT.done.status;
    } catch (error) {
      const isDamaged = error instanceof SpotproofError && error.code === "checkpoint-damaged";
      // A checkpoint that was asked for by name is that one or none.
      if (!isDamaged || name !== undefined) throw error;
      skipped.push({ id, reason: error.detail });
      io.err(
        `spotproof: checkpoint ${id} cannot be used (${error.detail}): stepping back to the one before\n`,
      );
    }
  }
  throw new SpotproofError(
    "no-usable-checkpoint",
    skipped.map(({ id, reason }) => `${id}: ${reason}`).join(" "),
  );
}

type PruneOptions = CommonOptions & {
  readonly keep: string;
  readonly keepHourly: string;
  readonly keepDaily: string;
  readonly observe: string;
  readonly dryRun?: boolean;
};

async function prune(options: PruneOptions, io: CommandIo): Promise<number> {
  const retention = {
    last: parseCount(options.keep, "--keep", 2),
    hourly: parseCount(options.keepHourly, "--keep-hourly", 0),
    daily: parseCount(options.keepDaily, "--keep-daily", 0),
  };
  const dryRun = options.dryRun === true;
  const leaseMs = parseDuration(options.observe, "--observe");
  return withJob(options, io, dryRun ? "read" : "write", async ({ store, opened, job }) => {
    await requireNobodyRuns(store, job, leaseMs, dryRun, io);
    const report = await pruneNow(store, job, retention, dryRun);
    // What writers left half-written that died more than a day ago.
    if (!dryRun) await opened.sweep();
    if (options.json === true) io.out(`${JSON.stringify({ job, dryRun, ...report }, null, 2)}\n`);
    else {
      const verb = dryRun ? "would be removed" : "removed";
      io.out(
        `${report.removedCheckpoints.length} checkpoints and ${report.removedPacks} packs ${verb}, ${formatBytes(report.removedBytes)}; ${report.keptCheckpoints.length} kept${report.keptCheckpoints.length > 0 ? `: ${report.keptCheckpoints.join(", ")}` : ""}\n`,
      );
    }
    return EXIT.done.status;
  });
}

async function pruneNow(
  store: Store,
  job: JobName,
  retention: Retention,
  dryRun: boolean,
): Promise<PruneReport> {
  const { pruneCheckpoints } = await import("../../checkpoint/index.ts");
  // Read again: what was seen before the wait may have changed.
  const history = await historyOf(store, job);
  return pruneCheckpoints({
    store,
    job,
    retention,
    endedAttempts: history.attempts
      .filter(({ outcome }) => outcome !== undefined)
      .map(({ number }) => number),
    lineage: history.lineage,
    resumesFrom: history.attempts.at(-1)?.claim.resumesFrom ?? undefined,
    dryRun,
  });
}

/** A running attempt prunes by itself; from outside its job is only touched when it has ended. */
async function requireNobodyRuns(
  store: Store,
  job: JobName,
  leaseMs: number,
  dryRun: boolean,
  io: CommandIo,
): Promise<void> {
  const { observeLiveness, requireEnded } = await import("../../job/index.ts");
  const signal = new AbortController().signal;
  const observer = { clock: systemClock, random: systemRandom, leaseMs, heartbeatMs: leaseMs / 3, signal };
  if (dryRun) {
    const seen = await observeLiveness(store, job, observer);
    if (seen.kind === "alive") refuse(seen);
    return;
  }
  const now = await requireEnded(store, job, { signal });
  if (now.kind !== "alive") return;
  io.err(
    `spotproof: attempt ${now.attempt} has no outcome; watching for ${formatDuration(leaseMs)} whether it lives\n`,
  );
  const later = await requireEnded(store, job, { observe: observer, signal });
  if (later.kind === "alive") refuse(later);
}

function refuse({ attempt, host }: Extract<Ended, { kind: "alive" }>): never {
  throw new SpotproofError(
    "job-running",
    `Attempt ${attempt} on ${host} is alive. It prunes by itself while it runs: see --keep of spotproof run.`,
  );
}

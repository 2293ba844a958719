import { resolve } from "node:path";
import { type JobName, SpotproofError } from "../../base/index.ts";
import { type ClaimResult, claimJob, readJobHistory } from "../../job/index.ts";
import type { InterruptionRecord } from "../../notice/index.ts";
import {
  type JobStore,
  openJobStore,
  parseStoreLocation,
  pathOnDisk,
  requireLastingPlace,
} from "../../store/index.ts";
import type { PastLife } from "../interruption-rate.ts";
import type { JobSurroundings } from "../job-parts.ts";
import type { ResolvedOptions } from "../resolved-options.ts";
import { AloneKeeper } from "./alone-keeper.ts";
import { FolderMedium } from "./folder-medium.ts";
import { MemoryMedium } from "./memory-medium.ts";
import { OwnedLife } from "./owned-life.ts";

/** Opens the store of a job; the testing kit brings one of its own. */
export type OpenJobStore = (
  options: ResolvedOptions,
  surroundings: JobSurroundings,
  signal: AbortSignal,
) => Promise<JobStore>;

/** A job that this program owns, or why it does not. */
export type OpenedAlone =
  | {
      readonly kind: "opened";
      readonly keeper: AloneKeeper;
      readonly pastLives: () => Promise<readonly PastLife[]>;
    }
  | { readonly kind: "unclaimed"; readonly claim: Exclude<ClaimResult, { kind: "claimed" }> };

/** How long a store that does not answer is tried again before anything has begun, in ms. */
const CLAIM_PATIENCE_MS = 60_000;
/** More lives teach little more about the rate of interruptions. */
const LIVES_LOOKED_AT = 50;

/** Opens the store that a location names, unless it would go with the machine. */
export const openStoreOf: OpenJobStore = async (options, { environment, workingFolder, tell }, signal) => {
  const location = parseStoreLocation(options.store, workingFolder, "store");
  const place = await requireLastingPlace(
    location,
    {
      allowVolatileStore: options.allowVolatileStore,
      environment,
      howToAllow: "In the program: `allowVolatileStore: true`.",
    },
    signal,
  );
  if (options.files !== undefined) refuseNested(options.files, pathOnDisk(location));
  if (place.advice !== undefined) tell({ level: "warn", kind: "store-advice", text: place.advice });
  const opened = await openJobStore(location, {
    signal,
    manySmallWrites: true,
    onTrouble: (error) =>
      error === undefined
        ? tell({ level: "info", kind: "store-well", text: "the store answers" })
        : tell({
            level: "warn",
            kind: "store-trouble",
            text: `the store cannot be opened yet: ${error.message}`,
          }),
  });
  if (opened.caution !== undefined) tell({ level: "warn", kind: "store-caution", text: opened.caution });
  return opened;
};

function refuseNested(files: string, store: string | undefined): void {
  if (store === undefined) return;
  const [inner, outer] = [resolve(files), resolve(store)];
  if (`${inner}/`.startsWith(`${outer}/`) || `${outer}/`.startsWith(`${inner}/`)) {
    throw new SpotproofError(
      "bad-usage",
      `files (${inner}) and store (${outer}) lie in each other. Keep them apart: the store is what outlives the machine.`,
    );
  }
}

/** Claims the job and makes everything that a life of it needs. `signal` ends the waiting before the claim. */
export async function openAlone(
  job: JobName,
  options: ResolvedOptions,
  surroundings: JobSurroundings,
  interruptions: InterruptionRecord,
  openStore: OpenJobStore,
  signal: AbortSignal,
): Promise<OpenedAlone> {
  const opened = await openStore(options, surroundings, signal);
  const claimedAtMs = surroundings.clock.now();
  try {
    const claim = await claimJob(claimRequest(job, options, surroundings, opened, signal));
    if (claim.kind === "claimed") {
      const context = { options, surroundings, interruptions, opened, claimedAtMs };
      return {
        kind: "opened",
        keeper: keeperOf(context, claim.attempt),
        pastLives: () => pastLives(opened, job, claim.attempt.number),
      };
    }
    await opened.close();
    return { kind: "unclaimed", claim };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

function claimRequest(
  job: JobName,
  { heartbeatMs, leaseMs, ifRunning }: ResolvedOptions,
  { clock, random, command, host, pid, tell }: JobSurroundings,
  { store }: JobStore,
  signal: AbortSignal,
): Parameters<typeof claimJob>[0] {
  return {
    store,
    job,
    clock,
    random,
    command,
    host,
    pid,
    heartbeatMs,
    leaseMs,
    ifRunning,
    maxIdleAttempts: 0,
    onWaiting: ({ attempt, host: other }) =>
      tell({
        level: "info",
        kind: "standing-by",
        text: `attempt ${attempt} of ${job} was last seen on ${other}; standing by until it ends or its heartbeat stops for ${leaseMs / 1000} s`,
      }),
    signal,
    patienceMs: CLAIM_PATIENCE_MS,
    onTrouble: (error) =>
      error === undefined
        ? tell({ level: "info", kind: "store-well", text: "the store answers again" })
        : tell({
            level: "warn",
            kind: "store-trouble",
            text: `the job cannot be claimed yet: ${error.message}`,
          }),
  };
}

interface KeeperContext {
  readonly options: ResolvedOptions;
  readonly surroundings: JobSurroundings;
  readonly interruptions: InterruptionRecord;
  readonly opened: JobStore;
  readonly claimedAtMs: number;
}

type Claimed = Extract<ClaimResult, { kind: "claimed" }>["attempt"];

function keeperOf(context: KeeperContext, attempt: Claimed): AloneKeeper {
  const { options, surroundings, interruptions, opened, claimedAtMs } = context;
  const { clock, random, tell } = surroundings;
  const onTrouble = (message: string | undefined): void =>
    message === undefined
      ? tell({ level: "info", kind: "store-well", text: "the store answers again" })
      : tell({
          level: "warn",
          kind: "store-trouble",
          text: `the store does not answer; the work goes on: ${message}`,
        });
  const { heartbeatMs } = options;
  const life = new OwnedLife({
    clock,
    random,
    attempt,
    claimedAtMs,
    heartbeatMs,
    interruptions,
    onTrouble,
    onUnrecorded: (message) =>
      tell({
        level: "warn",
        kind: "end-not-recorded",
        text: `the end of this attempt could not be recorded (${message}): the next one will wait for the lease time`,
      }),
  });
  // A store that is away makes saves wait for as long as there is time, never fail (C06).
  const waiting = opened.waiting(
    () => Number.POSITIVE_INFINITY,
    (error) => onTrouble(error?.message),
  );
  const engine = {
    store: waiting.store,
    job: attempt.job,
    attempt: attempt.number,
    clock,
    lineage: attempt.lineage,
    packsAtATime: opened.largeCallsAtATime,
    readsAtATime: opened.largeCallsAtATime,
    onSkipped: (id: string, reason: string) =>
      tell({
        level: "warn",
        kind: "checkpoint-skipped",
        text: `checkpoint ${id} is damaged and was skipped: ${reason}`,
      }),
  };
  return new AloneKeeper({
    clock,
    attempt,
    life,
    files: options.files,
    medium:
      options.files === undefined
        ? new MemoryMedium(engine)
        : new FolderMedium({ ...engine, folder: options.files }),
    retention: { last: options.keep },
    confirm: (signal) =>
      waiting.patience.run("look who owns the job", signal, () => attempt.validity(signal)),
    onPruneFailed: (message) =>
      tell({ level: "warn", kind: "prune-failed", text: `old checkpoints could not be removed: ${message}` }),
    close: () => opened.close(),
  });
}

/** How earlier lives of the job ended. */
async function pastLives({ store }: JobStore, job: JobName, attempt: number): Promise<readonly PastLife[]> {
  if (attempt === 1) return [];
  const history = await readJobHistory(store, job);
  return (history?.attempts ?? [])
    .filter(({ number, outcome }) => number < attempt && outcome !== undefined)
    .slice(-LIVES_LOOKED_AT)
    .map(({ outcome, heartbeat }): PastLife => {
      const aliveMs = outcome?.aliveMs ?? heartbeat?.aliveMs ?? 0;
      if (outcome?.kind === "interrupted") return { aliveMs, end: "noticed" };
      return { aliveMs, end: outcome?.kind === "lost" ? "unnoticed" : "other" };
    });
}

import type { CheckpointId, Clock, MonotonicMs, Random } from "../base/index.ts";
import type { FolderSaver, RestoreResult, RestoredFolder, Retention } from "../checkpoint/index.ts";
import type { Attempt } from "../job/index.ts";
import type { SupervisorEvent } from "./events.ts";
import type { InterruptionWatch, UserStop } from "./interruption-watch.ts";
import type { ChannelHandlers, JobChannel } from "./job-channel/channel-server.ts";
import type { Guardian } from "./process-tree/guardian.ts";
import type { ProcessTable } from "./process-tree/process-table.ts";
import type { RestartPolicy } from "./restart-policy.ts";

/** How a run behaves. Everything is decided: defaults were filled in by whoever read the options. */
export interface RunPolicy {
  /** Between two saves, in ms; undefined = automatic (see `automaticIntervalMs`). */
  readonly saveEveryMs: number | undefined;
  /** Who decides when the folder is saved: we (interval, notice, end), or only the program through the job channel. */
  readonly commitBy: "spotproof" | "program";
  /** Sent to the command's first process when an interruption is heard (S05). */
  readonly noticeSignal: NodeJS.Signals | undefined;
  /** Asks the command to end. */
  readonly stopSignal: NodeJS.Signals;
  /** Who gets the stop signal first: every process, or only the first one and at half of the grace all (S06). */
  readonly stopTo: "leader" | "group";
  /** The longest time between asking and killing, in ms; an interruption shortens it to a quarter of its lead. */
  readonly stopGraceMs: number;
  /** How long processes may go on by themselves after the command's first one has ended, in ms (S03). */
  readonly lingerMs: number;
  readonly zeroAfterStop: "interrupted" | "completed";
  readonly heartbeatMs: number;
  readonly restart: RestartPolicy;
  readonly retention: Retention;
  /** How long a finished job tries to make its last state durable, in ms. */
  readonly lastSaveLimitMs: number;
}

/** The watched folder and the engine behind it. */
export interface FolderParts {
  readonly path: string;
  restore(
    lineage: readonly CheckpointId[],
    onSkipped: (id: CheckpointId, reason: string) => void,
    signal: AbortSignal,
  ): Promise<RestoreResult>;
  openSaver(restored: RestoredFolder | undefined): FolderSaver;
}

/** Everything that a supervisor is handed. It builds none of it. */
export interface RunParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly attempt: Attempt;
  /** `clock.now()` of the moment of the claim. */
  readonly claimedAtMs: MonotonicMs;
  readonly command: readonly [string, ...string[]];
  readonly workingFolder: string;
  /** What the command's environment is made from; the attempt's variables are added. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: FolderParts | undefined;
  readonly interruptions: InterruptionWatch;
  readonly userStop: UserStop;
  /** Signals that mean nothing to us and belong to the command's first process. Gives the function that ends listening. */
  readonly onForwardedSignal: (listener: (signal: NodeJS.Signals) => void) => () => void;
  readonly processes: ProcessTable;
  readonly startGuardian: () => Guardian;
  readonly openChannel: (handlers: ChannelHandlers) => Promise<JobChannel>;
  readonly ownPid: number;
  readonly policy: RunPolicy;
  readonly onEvent: (event: SupervisorEvent) => void;
}

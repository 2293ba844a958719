// What a scenario becomes when its dice are thrown: every number is fixed, so the same plan can be given to two jobs, shown
// before it happens, and repeated. All durations are in ms of the scenario's own time: `--speed` has not divided them yet.

/** A cloud whose metadata service a machine of the rehearsal has. */
export type CloudName = "aws" | "gcp" | "azure";

/** When something happens. */
export type PlanMoment =
  /** When the job has done this share (0 to 1) of its work. */
  | { readonly kind: "share"; readonly share: number }
  /** When the job has worked so long, lost work not counted. */
  | { readonly kind: "worked"; readonly ms: number }
  /** So long after the beginning of the rehearsal. */
  | { readonly kind: "elapsed"; readonly ms: number };

/** What the metadata service does wrong. The kinds are those of the mocks (`MockFault`). */
export interface PlannedMetadataFault {
  readonly kind:
    | "status"
    | "slow"
    | "hang"
    | "web-page"
    | "garbage"
    | "cut-off"
    | "reset"
    | "too-large"
    | "no-date"
    | "date-skew";
  /** For `status`: 200 to 599. */
  readonly status?: number | undefined;
  /** For `slow` and `date-skew`. */
  readonly ms?: number | undefined;
  /** `token`: requests for a token; `items`: all others; `all` (default); or the ending of a path. */
  readonly on?: string | undefined;
  /** From the start of the machine, or from the interruption that it belongs to. Default 0. */
  readonly fromMs: number;
  /** Undefined: until the machine ends. */
  readonly forMs?: number | undefined;
}

/** How the metadata service of every machine behaves from its start. */
export interface PlannedMetadata {
  /** EC2: whether a request without a token is answered. */
  readonly tokens: "required" | "optional";
  /** How far the service's clock is ahead of the machine's. */
  readonly clockAheadMs: number;
  readonly faults: readonly PlannedMetadataFault[];
}

/** How the end of a machine is announced. */
export interface PlannedNotice {
  readonly action: "terminate" | "stop" | "hibernate";
  /** From the announcement to the end. */
  readonly leadMs: number;
  /** Where it is heard: the metadata service, a SIGTERM to the machine's first process, or both. */
  readonly via: "metadata" | "signal" | "both";
  /** It is taken back so long after it was given, and nothing ends. */
  readonly cancelledAfterMs?: number | undefined;
}

/** What an interruption does in the end. */
export type PlannedEnd =
  /** Nothing: it was a warning only, or was taken back. */
  | { readonly kind: "none" }
  /** The machine on which the job runs is gone. */
  | { readonly kind: "machine" }
  /** So is every other machine of its zone. */
  | { readonly kind: "zone" }
  /** The machine stands still; its successor starts; after `pausedMs` it wakes up, and goes on for `awakeMs` before it ends. */
  | { readonly kind: "zombie"; readonly pausedMs: number; readonly awakeMs: number }
  /** The machine stands still for `pausedMs` and then goes on; nobody takes its place. */
  | { readonly kind: "hibernation"; readonly pausedMs: number };

/** One interruption. */
export interface PlannedInterruption {
  /** 1, 2, 3 … */
  readonly number: number;
  readonly at: PlanMoment;
  /** Waits for a moment at which a file of the checkpoint folder is open for writing (for at most a twentieth of the work, 0.5 to 10 s of real time). */
  readonly duringWrite: boolean;
  /** A rebalance recommendation so long before the notice (or the end); 0 = together with it. Undefined: none. */
  readonly rebalanceBeforeMs?: number | undefined;
  /** Undefined: the end comes without any. */
  readonly notice?: PlannedNotice | undefined;
  readonly end: PlannedEnd;
  /** From the end of the machine to the start of its successor. */
  readonly capacityDelayMs: number;
  /** The successors live only so long each and end without notice: capacity that flaps. */
  readonly flaps: readonly number[];
  /** What the metadata service of this machine does wrong from `at` on. */
  readonly faults: readonly PlannedMetadataFault[];
  /** The service's clock jumps by this much at `at`. The machine's and the cloud's clock then differ by it. */
  readonly clockJumpMs?: number | undefined;
}

/** How the store misbehaves. */
export type StoreFaultKind = "timeout" | "500" | "503" | "409" | "412" | "slow" | "full";

/** A time of trouble with the store. */
export interface PlannedStoreFault {
  readonly kind: StoreFaultKind;
  readonly at: PlanMoment;
  readonly forMs: number;
  /** The share of calls that it befalls, 0 to 1. */
  readonly share: number;
  /** For `slow`: how much longer a call takes, in ms of the scenario. */
  readonly delayMs: number;
}

/** A scenario with all its dice thrown. */
export interface Plan {
  readonly scenario: string;
  readonly description: string;
  readonly seed: number;
  readonly cloud: CloudName;
  /** How many machines a job under Spotproof has at the same time: one works, the others stand by. */
  readonly machines: number;
  /** Machines are spread over them in turn. */
  readonly zones: readonly string[];
  readonly metadata: PlannedMetadata;
  /** In the order in which they come. */
  readonly interruptions: readonly PlannedInterruption[];
  readonly storeFaults: readonly PlannedStoreFault[];
  /** Where the rehearsal gives up. */
  readonly limits: { readonly machines: number; readonly timeMs: number };
}

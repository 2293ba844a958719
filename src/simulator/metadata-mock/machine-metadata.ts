import type { MonotonicMs } from "../../base/index.ts";
import type { CloudName } from "../scenario/plan.ts";
import type { MockFault } from "./faults.ts";

/** Which machine a metadata service belongs to. */
export interface MachineIdentity {
  /**
   * Any name. Ids that a cloud makes itself (`i-…`, a number, a UUID) are derived from it, the same for the same name; an EC2
   * instance id is taken as it is.
   */
  readonly name: string;
  /** `us-east-1a`, `us-central1-a`, `westeurope-1`; a single letter or number stands for that zone of an example region. */
  readonly zone: string;
}

/** An end of the machine to announce. */
export interface MachineEndNotice {
  /** EC2 alone tells these apart: GCP and Azure only say that the machine goes. */
  readonly action: "terminate" | "stop" | "hibernate";
  /** From the announcement to the end, in ms of real time. */
  readonly leadMs: number;
}

/** What a metadata service tells whoever runs it. */
export type MockEvent =
  | { readonly kind: "announced"; readonly what: string }
  /** Somebody has read an announcement for the first time since it was made or changed. */
  | { readonly kind: "heard"; readonly path: string; readonly body: string }
  /** A client lets the end come early (Azure `StartRequests`). */
  | { readonly kind: "acknowledged"; readonly what: string }
  /** It was asked for something that this cloud does not have, and did nothing. */
  | { readonly kind: "not-done"; readonly what: string };

/** The metadata service of one machine, whatever its cloud. It announces; it ends nothing. */
export interface MachineMetadata {
  readonly cloud: CloudName;
  /** `http://127.0.0.1:1338` */
  readonly url: string;
  /** What points clients to it. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Announces the end of the machine. Gives the moment that is announced, by the service's clock and in the words of the cloud
   * (`Date.parse` reads them all); GCP announces no moment, and what it gives is when the machine is to go.
   */
  announce(notice: MachineEndNotice): string;
  /** Takes the announcement back. Harmless when there is none. */
  cancel(): void;
  /** Recommends a rebalance. GCP and Azure have nothing like it: they do nothing and tell `not-done`. */
  rebalance(): void;
  /**
   * Gives the function that takes the fault back.
   * @throws SpotproofError `bad-usage` when it is none
   */
  fault(fault: MockFault): () => void;
  clearFaults(): void;
  /** Sets the service's clock forward, or back when negative: the `Date` header and whatever is announced from now on. */
  jumpClock(ms: number): void;
  /** When the present announcement of an end was first read, by our clock. Undefined: not yet, or there is none. */
  readonly heard: { readonly atMs: MonotonicMs } | undefined;
  /** From now on it is the service of another machine: nothing is announced, no fault is set, old tokens are invalid. */
  become(machine: MachineIdentity): void;
  /** Breaks open connections, long polls and pending timers off. */
  close(): Promise<void>;
}

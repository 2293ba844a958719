import type { Clock, Timer } from "../../base/index.ts";
import type { CloudName } from "../scenario/plan.ts";
import type { MockFault } from "./faults.ts";
import type { MachineEndNotice, MachineMetadata, MockEvent } from "./machine-metadata.ts";
import type { MockRequest } from "./requests.ts";

/** How every mock starts. */
export interface MetadataMockOptions {
  readonly clock: Clock;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: any free one. */
  readonly port?: number | undefined;
  /** How far the service's clock is ahead of this machine's, in ms. Default 0. */
  readonly clockAheadMs?: number | undefined;
  /** Told what happens. */
  readonly onEvent?: ((event: MockEvent) => void) | undefined;
}

/** What the mocks of all clouds offer. */
export interface MetadataMock extends MachineMetadata {
  readonly port: number;
  /** The last thousand requests, the oldest first; without those to `/mock/`. */
  readonly requests: readonly MockRequest[];
  /** How many connections are open at present. */
  readonly openConnections: number;
  /** What `GET /mock/` tells. */
  state(): MockState;
  /** Takes every announcement back. */
  clear(): void;
  /** Announces the end in a while. */
  announceAfter(ms: number, notice: MachineEndNotice): Timer;
  /** Recommends a rebalance in a while. */
  rebalanceAfter(ms: number): Timer;
}

/** A mock at one moment, for people to look at. */
export interface MockState {
  readonly cloud: CloudName;
  /** The service's clock, ISO 8601. */
  readonly time: string;
  /** What is announced, by item. */
  readonly announced: Readonly<Record<string, string>>;
  readonly faults: readonly MockFault[];
  /** So many requests came in, without those to `/mock/`. */
  readonly requests: number;
  readonly openConnections: number;
}

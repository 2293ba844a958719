// What programs may import from "spotproof". Reading a store, looking after checkpoints, and trying interruptions out.

import type {
  AzureMetadataMock,
  AzureMetadataMockOptions,
  Ec2MetadataMock,
  Ec2MetadataMockOptions,
  GcpMetadataMock,
  GcpMetadataMockOptions,
} from "./simulator/index.ts";

export {
  ERRORS,
  type ErrorCode,
  type ErrorEntry,
  SpotproofError,
  VERSION,
  parseCheckpointId,
  parseJobName,
  systemClock,
} from "./base/index.ts";
export {
  type ListedCheckpoint,
  type VerifyResult,
  listCheckpoints,
  restoreTo,
  verifyCheckpoint,
} from "./checkpoint/index.ts";
export { type AttemptHistory, type JobHistory, listJobs, readJobHistory } from "./job/index.ts";
export type {
  AzureEventType,
  AzureMetadataMock,
  AzureMetadataMockOptions,
  AzureMockEvent,
  Ec2MetadataMock,
  Ec2MetadataMockOptions,
  GcpMaintenanceEvent,
  GcpMetadataMock,
  GcpMetadataMockOptions,
  MachineEndNotice,
  MachineIdentity,
  MetadataMock,
  MockEvent,
  MockFault,
  MockInterruption,
  MockMaintenance,
  MockRequest,
  MockState,
} from "./simulator/index.ts";
export { type FileStore, type Store, openFileStore } from "./store/index.ts";

// Loaded when one is started: whoever reads a store waits for none of it.

const simulator = () => import("./simulator/index.ts");

/**
 * Starts an EC2 metadata service that gives notices on demand, on loopback. It follows the real service.
 * @throws SpotproofError `port-unavailable`, `bad-usage` for options that are none
 */
export const startEc2MetadataMock = async (options: Ec2MetadataMockOptions): Promise<Ec2MetadataMock> =>
  (await simulator()).startEc2MetadataMock(options);

/**
 * Starts Google's metadata server for one Spot VM, on loopback. Long polls (`wait_for_change`) end with the change.
 * @throws SpotproofError `port-unavailable`
 */
export const startGcpMetadataMock = async (options: GcpMetadataMockOptions): Promise<GcpMetadataMock> =>
  (await simulator()).startGcpMetadataMock(options);

/**
 * Starts Azure's metadata service for one VM, on loopback, with its scheduled events.
 * @throws SpotproofError `port-unavailable`
 */
export const startAzureMetadataMock = async (options: AzureMetadataMockOptions): Promise<AzureMetadataMock> =>
  (await simulator()).startAzureMetadataMock(options);

// What programs may import from "spotproof". Reading a store, looking after checkpoints, and trying interruptions out.

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
export {
  type AzureEventType,
  type AzureMetadataMock,
  type AzureMetadataMockOptions,
  type AzureMockEvent,
  type Ec2MetadataMock,
  type Ec2MetadataMockOptions,
  type GcpMaintenanceEvent,
  type GcpMetadataMock,
  type GcpMetadataMockOptions,
  type MetadataMock,
  type MockEvent,
  type MockFault,
  startAzureMetadataMock,
  startEc2MetadataMock,
  startGcpMetadataMock,
} from "./simulator/index.ts";
export { type FileStore, type Store, openFileStore } from "./store/index.ts";

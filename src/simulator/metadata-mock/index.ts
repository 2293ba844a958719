export type { MockFault, MockFaultKind } from "./faults.ts";
export type { MachineEndNotice, MachineIdentity, MachineMetadata, MockEvent } from "./machine-metadata.ts";
export type { MetadataMock, MetadataMockOptions, MockState } from "./metadata-mock.ts";
export type { MockRequest } from "./requests.ts";
export * from "./play-plan.ts";
export * from "./start-machine-metadata.ts";

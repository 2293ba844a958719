export type { MockFault, MockFaultKind } from "./faults.ts";
export type { MachineEndNotice, MachineIdentity, MachineMetadata, MockEvent } from "./machine-metadata.ts";
export type { MetadataMock, MetadataServerOptions, MockState } from "./metadata-server.ts";
export type { MockRequest } from "./requests.ts";
export * from "./start-machine-metadata.ts";

export * from "./announcements.ts";
export * from "./ec2-metadata-mock.ts";
export { EXAMPLE_INSTANCE, type MockInstance } from "./metadata-items.ts";
export type { MockFault, MockFaultKind } from "./faults.ts";

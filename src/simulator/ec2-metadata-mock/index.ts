export * from "./ec2-metadata-mock.ts";
export type { MockInterruption, MockMaintenance } from "./announcements.ts";
export { instanceOf, type MockInstance } from "./instance-items.ts";
export type { MockMetadataOptions } from "./metadata-options.ts";

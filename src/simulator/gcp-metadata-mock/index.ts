export * from "./gcp-metadata-mock.ts";
export { gcpInstanceOf, type GcpMockInstance } from "./instance-tree.ts";

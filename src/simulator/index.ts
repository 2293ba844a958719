export * from "./ec2-metadata-mock/index.ts";
export * from "./azure-metadata-mock/index.ts";
export * from "./gcp-metadata-mock/index.ts";
export * from "./metadata-mock/index.ts";
export * from "./rehearsal/index.ts";
export * from "./report/index.ts";
export * from "./verdict/index.ts";

export * from "./ec2-metadata/client.ts";
export * from "./ec2-metadata/machine-vendor.ts";
export * from "./ec2-metadata/settings.ts";

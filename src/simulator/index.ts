export * from "./ec2-metadata-mock/index.ts";

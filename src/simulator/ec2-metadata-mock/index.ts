export * from "./ec2-metadata-mock.ts";

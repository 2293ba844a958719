export * from "./ec2-metadata/client.ts";
export * from "./ec2-metadata/machine-vendor.ts";
export * from "./ec2-metadata/settings.ts";

/** The S3 part of the AWS SDK, loaded only where a store in S3 is opened. */
export const loadS3 = () => import("./lazy/s3.ts");
/** The DynamoDB client, loaded only where such a store is opened. */
export const loadDynamoDb = () => import("./lazy/dynamodb.ts");

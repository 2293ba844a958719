export * from "./ec2-metadata/client.ts";
export * from "./ec2-metadata/machine-vendor.ts";
export * from "./ec2-metadata/settings.ts";

/** The DynamoDB client, loaded only where such a store is opened. */
export const loadDynamoDb = () => import("./lazy/dynamodb.ts");

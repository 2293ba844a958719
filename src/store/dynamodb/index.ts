export { type DynamoDbCredentials, type DynamoDbStoreOptions, openDynamoDbStore } from "./dynamodb-store.ts";
export { type DynamoDbLocation, parseDynamoDbLocation } from "./location.ts";

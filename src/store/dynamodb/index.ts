export { type DynamoDbStoreOptions, openDynamoDbStore } from "./dynamodb-store.ts";
export { parseDynamoDbLocation } from "./location.ts";

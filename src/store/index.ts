export * from "./file/file-store.ts";
export * from "./keys.ts";
export * from "./memory/memory-store.ts";
export * from "./store.ts";
export * from "./wrappers/limit-calls.ts";
export type * from "./wrappers/store-faults.ts";

/** Faults for rehearsals, loaded only where a store is disturbed. */
export const loadStoreFaults = () => import("./wrappers/store-faults.ts");

/** The store in a DynamoDB table, loaded only where one is opened. */
export const loadDynamoDbStore = () => import("./dynamodb/index.ts");

export * from "./file/file-store.ts";
export type * from "./inspect/index.ts";
export * from "./file/read-place.ts";
export * from "./keys.ts";
export type * from "./opened-store.ts";
export * from "./memory/memory-store.ts";
export * from "./opening/lasting-place.ts";
export * from "./opening/open-store.ts";
export { openDoor } from "./opening/store-doors.ts";
export * from "./opening/store-location.ts";
export * from "./store.ts";
export * from "./wrappers/limit-store.ts";
export * from "./wrappers/retry-calls.ts";
export * from "./wrappers/trace-calls.ts";
export type * from "./wrappers/store-faults.ts";

/** Faults for rehearsals, loaded only where a store is disturbed. */
export const loadStoreFaults = () => import("./wrappers/store-faults.ts");

/** Inspections of stores, loaded only by `spotproof doctor`. */
export const loadInspection = () => import("./inspect/index.ts");
/** Stores in S3, loaded only where one is opened. */
export const loadS3Store = () => import("./s3/index.ts");
/** Stores in databases, loaded only where one is used. */
export const loadSqlStores = () => import("./sql/index.ts");

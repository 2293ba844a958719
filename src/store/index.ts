export * from "./file/file-store.ts";
export * from "./keys.ts";
export * from "./memory/memory-store.ts";
export * from "./store.ts";
export * from "./wrappers/limit-calls.ts";
export type * from "./wrappers/store-faults.ts";

/** Faults for rehearsals, loaded only where a store is disturbed. */
export const loadStoreFaults = () => import("./wrappers/store-faults.ts");

/** Stores in databases, loaded only where one is used. */
export const loadSqlStores = () => import("./sql/index.ts");

export * from "./file/file-store.ts";
export * from "./keys.ts";
export * from "./memory/memory-store.ts";
export * from "./store.ts";
export * from "./wrappers/limit-calls.ts";

export * from "./describe-trace.ts";
export * from "./generate-trace.ts";
export * from "./plan-from-trace.ts";
export * from "./read-trace.ts";
export type * from "./trace.ts";

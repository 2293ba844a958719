export * from "./built-in-scenarios.ts";
export * from "./describe-plan.ts";
export * from "./draw-plan.ts";
export * from "./load-scenario.ts";
export type * from "./plan.ts";
export * from "./read-scenario.ts";
export type * from "./scenario.ts";

export * from "./fleet.ts";
export type * from "./machine.ts";

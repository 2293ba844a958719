export type { JudgeOptions } from "./context.ts";
export { judge } from "./judge.ts";
export type * from "./verdict.ts";

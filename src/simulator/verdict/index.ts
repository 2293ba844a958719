export { type JudgeOptions, judge } from "./judge.ts";
export type * from "./verdict.ts";

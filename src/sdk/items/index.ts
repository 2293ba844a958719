export { forEach } from "./for-each.ts";
export type {
  ForEachOptions,
  ItemContext,
  ItemError,
  ItemOutcome,
  ItemSource,
  ItemsSummary,
  ItemWork,
} from "./items.ts";
export type { ItemsHost, LeaveWatch } from "./items-host.ts";
export { type Lines, linesOf } from "./lines.ts";
export { DurableSteps, type OnceContext } from "./once.ts";
export { results } from "./results.ts";

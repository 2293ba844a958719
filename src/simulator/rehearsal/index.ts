export type { OutputOptions, RehearsalOptions, RehearsalWatcher } from "./options.ts";
export type * from "./record.ts";
export { rehearse } from "./rehearse.ts";
export {
  type RehearsedCommand,
  type RunDurations,
  type Supervision,
  USUAL_DURATIONS,
} from "./rehearsed-command.ts";

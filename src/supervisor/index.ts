export { type CommandExit, describeExit } from "./command-end.ts";
export type { SupervisorEvent } from "./events.ts";
export { isUntilRenamed } from "./half-written.ts";
export type { UserStop } from "./interruption-watch.ts";
export { callChannel, type ChannelAnswer } from "./job-channel/channel-client.ts";
export { openJobChannel } from "./job-channel/channel-server.ts";
export { startGuardian } from "./process-tree/guardian.ts";
export {
  type FileOpenForWriting,
  type ProcessTable,
  systemProcessTable,
} from "./process-tree/process-table.ts";
export { ProcessTree } from "./process-tree/process-tree.ts";
export type { FolderParts, RunPolicy } from "./run-parts.ts";
export { type RunEnd, supervise } from "./supervisor.ts";

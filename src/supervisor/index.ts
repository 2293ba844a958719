export { type CommandExit, STATUS_AGAIN, describeExit } from "./command-end.ts";
export type { SupervisorEvent } from "./events.ts";
export type { InterruptionWatch, UserStop } from "./interruption-watch.ts";
export { type ChannelAddress, type ChannelAnswer, callChannel } from "./job-channel/channel-client.ts";
export { openJobChannel, readProgress } from "./job-channel/channel-server.ts";
export { type Guardian, startGuardian } from "./process-tree/guardian.ts";
export { type ProcessTable, systemProcessTable } from "./process-tree/process-table.ts";
export type { FolderParts, RunParts, RunPolicy } from "./run-parts.ts";
export { type RunEnd, supervise } from "./supervisor.ts";

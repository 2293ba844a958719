export * from "./checkpoint.ts";
export { type CheckpointFile, listCheckpointFiles } from "./maintain/files.ts";
export { type ListedCheckpoint, listCheckpoints } from "./maintain/list.ts";
export { pruneCheckpoints } from "./maintain/prune.ts";
export { type VerifyResult, verifyCheckpoint } from "./maintain/verify.ts";
export { restoreFolder, restoreTo } from "./restore/restore-folder.ts";
export { createFolderSaver } from "./save/folder-saver.ts";
export { sweepingOnce } from "./save/sweeping-once.ts";
export { WaitingSaves } from "./save/waiting-saves.ts";

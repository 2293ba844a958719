export * from "./checkpoint.ts";
export * from "./contents.ts";
export { type CheckpointFile, listCheckpointFiles } from "./maintain/files.ts";
export { type ListedCheckpoint, listCheckpoints } from "./maintain/list.ts";
export { pruneCheckpoints } from "./maintain/prune.ts";
export { type VerifyResult, verifyCheckpoint } from "./maintain/verify.ts";
export { restoreFolder, restoreTo } from "./restore/restore-folder.ts";
export { createFolderSaver } from "./save/folder-saver.ts";

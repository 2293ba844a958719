export * from "./checkpoint.ts";
export {
  type ListedCheckpoint,
  type ReadableCheckpoint,
  type UnreadableCheckpoint,
  listCheckpoints,
} from "./maintain/list.ts";
export { type PruneRequest, pruneCheckpoints } from "./maintain/prune.ts";
export { type VerifyOptions, type VerifyResult, verifyCheckpoint } from "./maintain/verify.ts";
export { type RestoredCopy, restoreFolder, restoreTo } from "./restore/restore-folder.ts";
export { createFolderSaver } from "./save/folder-saver.ts";

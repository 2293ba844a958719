import type {
  FolderSaver,
  FolderSaverOptions,
  PruneReport,
  Retention,
  SaveRequest,
  SaveResult,
} from "../checkpoint.ts";
import { AttemptCheckpoints } from "./attempt-checkpoints.ts";
import { FolderSave } from "./folder-save.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/**
 * Saves one folder again and again for one attempt.
 *
 *  - Data first: packs, then the manifest, whose creation is the commit (C1). Nothing stored is ever changed (C2).
 *  - The command stands still only while the folder is looked through and what changed since is put aside.
 *  - One thing at a time: a save or a prune that comes while another is under way rejects with `internal` (C18).
 */
export function createFolderSaver(options: FolderSaverOptions): FolderSaver {
  const checkpoints = new AttemptCheckpoints(options);
  const alone = oneAtATime();
  return {
    save: (request: SaveRequest): Promise<SaveResult> =>
      alone(() => new FolderSave(options, checkpoints, request).run()),
    prune: (retention: Retention, signal?: AbortSignal): Promise<PruneReport> =>
      alone(() => checkpoints.prune(retention, signal)),
  };
}

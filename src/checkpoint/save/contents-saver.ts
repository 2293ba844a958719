import { SpotproofError } from "../../base/index.ts";
import type { PruneReport, Retention, SaveResult } from "../checkpoint.ts";
import type { ContentLog, ContentsSaveRequest, ContentsSaver, ContentsSaverOptions } from "../contents.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { AppendLog } from "./append-log.ts";
import { AttemptCheckpoints } from "./attempt-checkpoints.ts";
import { contentPath } from "./content-paths.ts";
import { ContentsIndex } from "./contents-index.ts";
import { ContentsSave } from "./contents-save.ts";
import { oneAtATime } from "./one-at-a-time.ts";

/**
 * Saves what lies in memory again and again for one attempt.
 *
 *  - As a save of a folder: data first, then the manifest, whose creation is the commit (C1). Nothing stored is ever changed (C2).
 *  - Little stands in the manifest itself: such a save creates one object.
 *  - What the saver knows of contents and logs changes only when a save has succeeded, so one that fails loses nothing.
 */
export function createContentsSaver(options: ContentsSaverOptions): ContentsSaver {
  const { restored, ...others } = options;
  const index = restored === undefined ? new ContentsIndex() : restored.index;
  if (!(index instanceof ContentsIndex)) {
    throw new SpotproofError("internal", "What was restored was not made by openContents.");
  }
  const goesOnFrom = restored === undefined ? undefined : { id: restored.id, index: index.chunks };
  const checkpoints = new AttemptCheckpoints({ ...others, restored: goesOnFrom });
  const logs = new Map<PathBytes, AppendLog>();
  const alone = oneAtATime();
  const save = async (request: ContentsSaveRequest): Promise<SaveResult> => {
    const openBefore = new Set(logs.keys());
    const { result, files } = await new ContentsSave(options, checkpoints, index, request, logs).run();
    if (result.kind === "fenced-out") return result;
    index.files = files;
    // What a checkpoint leaves out may be removed from the store: a log must not go on from there.
    for (const path of openBefore) if (!files.has(path)) logs.delete(path);
    return result;
  };
  return {
    save: (request) => alone(() => save(request)),
    prune: (retention: Retention, signal?: AbortSignal): Promise<PruneReport> =>
      alone(() => checkpoints.prune(retention, signal)),
    openLog: (path): ContentLog => {
      const key = contentPath(path);
      const log = logs.get(key) ?? new AppendLog(path, index.files.get(key)?.parts ?? []);
      logs.set(key, log);
      return log;
    },
  };
}

import { type CheckpointId, attemptNumber, systemClock } from "../base/index.ts";
import type { Store } from "../store/store.ts";
import type { SavedCheckpoint } from "./checkpoint.ts";
import type { Content, ContentsSaveRequest, ContentsSaver, RestoredContents } from "./contents.ts";
import { JOB } from "./folder.fixture.ts";
import { createContentsSaver, openContents } from "./index.ts";

/** A saver of contents for an attempt. */
export function contentsSaver(
  store: Store,
  attempt = 1,
  restored?: RestoredContents,
  lineage?: readonly CheckpointId[],
): ContentsSaver {
  return createContentsSaver({
    store,
    job: JOB,
    attempt: attemptNumber(attempt),
    clock: systemClock,
    restored,
    lineage,
  });
}

/** Some bytes under a path, in the given pieces. */
export function bytesAt(path: string, ...pieces: readonly (string | Uint8Array)[]): Content {
  return { kind: "bytes", path, pieces: pieces.map((piece) => Buffer.from(piece as string)) };
}

/** Saves and expects it to work. */
export async function saveContents(
  saver: ContentsSaver,
  contents: readonly Content[],
  more: Partial<ContentsSaveRequest> = {},
): Promise<SavedCheckpoint> {
  const result = await saver.save({ reason: "request", confirm: async () => "valid", contents, ...more });
  if (result.kind !== "saved") throw new Error(`The save ended as ${result.kind}.`);
  return result.checkpoint;
}

/** Everything in the newest usable checkpoint of a lineage, each file read whole and as a stream. */
export function loadAll(
  store: Store,
  lineage: readonly CheckpointId[],
  onSkipped?: (id: CheckpointId, reason: string) => void,
): ReturnType<typeof openContents<ReadonlyMap<string, Buffer>>> {
  return openContents({ store, job: JOB, lineage, onSkipped }, async (contents) => {
    const all = new Map<string, Buffer>();
    for (const path of contents.files.keys()) {
      const whole = await contents.read(path);
      const pieces: Buffer[] = [];
      for await (const piece of contents.stream(path)) pieces.push(piece);
      if (!Buffer.concat(pieces).equals(whole)) throw new Error(`${path} is another one as a stream.`);
      all.set(path, whole);
    }
    return all;
  });
}

/** As `loadAll`, and expects that there is one. */
export async function loaded(
  store: Store,
  lineage: readonly CheckpointId[],
): Promise<{
  readonly all: ReadonlyMap<string, Buffer>;
  readonly restored: RestoredContents;
  readonly id: CheckpointId;
}> {
  const opened = await loadAll(store, lineage);
  if (opened.kind === "none") throw new Error(`Nothing can be loaded: ${JSON.stringify(opened.skipped)}`);
  return { all: opened.value, restored: opened.restored, id: opened.id };
}

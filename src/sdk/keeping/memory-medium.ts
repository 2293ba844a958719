import { type CheckpointId, SpotproofError } from "../../base/index.ts";
import {
  type Content,
  type ContentLog,
  type ContentsSaver,
  type PruneReport,
  type Retention,
  type SaveResult,
  type SaverOptions,
  createContentsSaver,
  openContents,
  readContents,
} from "../../checkpoint/index.ts";
import type { CommitRequest, KeptLog, KeptParts, Part } from "./keeper.ts";
import { keptParts } from "./kept-contents.ts";
import { POSITION_FILE, pathOf } from "./layout.ts";
import type { LoadedRecord, RecordMedium, Witnessed } from "./record-medium.ts";
import { type PartPlace, type RecordPosition, positionToText } from "./record-position.ts";

/** What the record of a job without a folder works with. */
export interface MemoryMediumParts extends SaverOptions {
  readonly lineage: readonly CheckpointId[];
  readonly readsAtATime: number | undefined;
  readonly onSkipped: (id: CheckpointId, reason: string) => void;
}

/** From memory straight into checkpoints: a small record is one object. */
export class MemoryMedium implements RecordMedium {
  readonly #parts: MemoryMediumParts;
  #saver: ContentsSaver | undefined;
  #newest: CheckpointId | undefined;
  #places: RecordPosition["parts"] = {};

  constructor(parts: MemoryMediumParts) {
    this.#parts = parts;
  }

  async load<Value>(load: (parts: KeptParts) => Promise<Value>): Promise<LoadedRecord<Value>> {
    const opened = await openContents(this.#parts, async (contents) => {
      const kept = await keptParts(contents);
      return { places: kept.places, value: await load(kept.parts) };
    });
    if (opened.kind === "none") {
      this.#saver = createContentsSaver(this.#parts);
      return { kind: "none", damaged: opened.skipped.length };
    }
    const { value, id, note, restored } = opened;
    this.#saver = createContentsSaver({ ...this.#parts, restored });
    this.#newest = id;
    this.#places = value.places;
    return { kind: "loaded", value: value.value, id, note };
  }

  openLog(name: string): KeptLog {
    return this.#opened().openLog(pathOf(this.#places[name]?.file ?? name));
  }

  async *stream(name: string, from = 0): AsyncIterable<Buffer> {
    if (this.#newest === undefined) return;
    const contents = await readContents(this.#parts.store, this.#parts.job, this.#newest);
    yield* (await keptParts(contents)).parts.stream(name, from);
  }

  async save(
    { reason, parts, index, signal }: CommitRequest,
    { note, confirm, signsOfEnd }: Witnessed,
  ): Promise<SaveResult> {
    const places = Object.fromEntries(parts.map((part) => [part.name, this.#placeOf(part)]));
    const position = Buffer.from(positionToText({ index, parts: places }));
    const contents: Content[] = [
      { kind: "bytes", path: pathOf(POSITION_FILE), pieces: [position] },
      ...parts.map((part): Content => contentOf(part, pathOf(places[part.name]?.file ?? part.name))),
    ];
    const result = await this.#opened().save({ reason, contents, note, confirm, signsOfEnd, signal });
    if (result.kind === "saved") {
      this.#newest = result.checkpoint.id;
      this.#places = places;
    }
    return result;
  }

  prune(retention: Retention, signal?: AbortSignal): Promise<PruneReport> {
    return this.#opened().prune(retention, signal);
  }

  #opened(): ContentsSaver {
    if (this.#saver === undefined)
      throw new SpotproofError("internal", "The record was used before it was loaded.");
    return this.#saver;
  }

  #placeOf(part: Part): PartPlace {
    const before = this.#places[part.name];
    const file = before?.file ?? part.name;
    switch (part.kind) {
      case "bytes":
        return { file, bytes: part.pieces.reduce((sum, piece) => sum + piece.byteLength, 0) };
      case "log":
        return { file, bytes: part.log.sizeBytes };
      case "unchanged":
        if (before === undefined) throw new SpotproofError("internal", `${part.name} was never kept.`);
        return before;
      default:
        return part satisfies never;
    }
  }
}

function contentOf(part: Part, path: string): Content {
  switch (part.kind) {
    case "bytes":
      return { kind: "bytes", path, pieces: part.pieces };
    case "unchanged":
      return { kind: "unchanged", path };
    case "log":
      // `openLog` gave it.
      return { kind: "log", path, log: part.log as ContentLog };
    default:
      return part satisfies never;
  }
}

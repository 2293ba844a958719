import fs from "node:fs/promises";
import { type CheckpointId, SpotproofError, reasonOf } from "../../base/index.ts";
import {
  type FolderSaver,
  type PruneReport,
  type Retention,
  type SaveResult,
  type SaverOptions,
  createFolderSaver,
  restoreFolder,
} from "../../checkpoint/index.ts";
import type { CommitRequest, KeptLog, KeptParts } from "./keeper.ts";
import { NO_RECORD } from "./no-record.ts";
import type { LoadedRecord, RecordMedium, Witnessed } from "./record-medium.ts";
import { RecordFolder } from "./record-folder.ts";

/** What the record of a job with a folder works with. */
export interface FolderMediumParts extends SaverOptions {
  /** Absolute path. */
  readonly folder: string;
  readonly lineage: readonly CheckpointId[];
  readonly readsAtATime: number | undefined;
  readonly onSkipped: (id: CheckpointId, reason: string) => void;
}

/** By way of the program's folder: its files and the record are one checkpoint. */
export class FolderMedium implements RecordMedium {
  readonly #parts: FolderMediumParts;
  readonly #record: RecordFolder;
  #saver: FolderSaver | undefined;
  #madeOne = false;

  constructor(parts: FolderMediumParts) {
    this.#parts = parts;
    this.#record = new RecordFolder(parts.folder);
  }

  /** @throws SpotproofError `no-usable-checkpoint`: other than a state, a folder of unknown content is nothing to begin with */
  async load<Value>(load: (parts: KeptParts) => Promise<Value>): Promise<LoadedRecord<Value>> {
    const { lineage, attempt } = this.#parts;
    if (lineage.length === 0) {
      await this.#makeFolder();
      this.#saver = createFolderSaver(this.#parts);
      const found = await this.#record.open();
      // A folder that was copied here with its record, say: the work goes on from it.
      if (found !== undefined) return { kind: "loaded", value: await load(found), id: "", note: {} };
      return { kind: "none", damaged: 0 };
    }
    const { restored, note } = await restoreFolder({
      ...this.#parts,
      asideName: `replaced-by-attempt-${attempt}`,
    });
    this.#madeOne = true;
    this.#saver = createFolderSaver({ ...this.#parts, restored });
    const found = await this.#record.open();
    const value = await load(found ?? NO_RECORD);
    return { kind: "loaded", value, id: restored.id, note };
  }

  openLog(name: string): KeptLog {
    return this.#record.openLog(name);
  }

  stream(name: string, from?: number): AsyncIterable<Buffer> {
    return this.#record.stream(name, from);
  }

  async save(commit: CommitRequest, { note, confirm }: Witnessed): Promise<SaveResult> {
    await this.#record.write(commit);
    // Only the first save of all makes the folder.
    const reason = this.#madeOne ? commit.reason : "start";
    const result = await this.#opened().save({ reason, note, confirm, signal: commit.signal });
    this.#madeOne = true;
    return result;
  }

  prune(retention: Retention, signal?: AbortSignal): Promise<PruneReport> {
    return this.#opened().prune(retention, signal);
  }

  /** The program is to find its folder, empty or not. */
  async #makeFolder(): Promise<void> {
    const { folder } = this.#parts;
    try {
      await fs.mkdir(folder, { recursive: true });
    } catch (error) {
      throw new SpotproofError("folder-unusable", `${folder}: ${reasonOf(error)}.`, { cause: error });
    }
  }

  #opened(): FolderSaver {
    if (this.#saver === undefined)
      throw new SpotproofError("internal", "The record was used before it was loaded.");
    return this.#saver;
  }
}

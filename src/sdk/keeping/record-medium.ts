import type { ContentsSaveRequest, PruneReport, Retention, SaveResult } from "../../checkpoint/index.ts";
import type { CommitRequest, KeptLog, KeptParts } from "./keeper.ts";

/** What became of looking for a record in the store. */
export type LoadedRecord<Value> =
  | {
      readonly kind: "loaded";
      readonly value: Value;
      readonly id: string;
      readonly note: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "none"; readonly damaged: number };

/** How it is known that a checkpoint counts. */
export type Witnessed = Pick<ContentsSaveRequest, "note" | "confirm" | "signsOfEnd">;

/** How the record of a life that owns its job gets into checkpoints: from memory, or by way of a folder. */
export interface RecordMedium {
  load<Value>(load: (parts: KeptParts) => Promise<Value>): Promise<LoadedRecord<Value>>;
  openLog(name: string): KeptLog;
  stream(name: string, from?: number): AsyncIterable<Buffer>;
  save(commit: CommitRequest, request: Witnessed): Promise<SaveResult>;
  prune(retention: Retention, signal?: AbortSignal): Promise<PruneReport>;
}

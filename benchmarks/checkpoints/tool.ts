import type { Sample } from "../shared/measuring.ts";

/** Where one tool works. */
export interface Place {
  /** The state that is saved. */
  readonly source: string;
  /** An empty folder of the tool's own. What it stores and caches goes here. */
  readonly own: string;
}

/** Something that saves a folder and restores it. */
export interface Tool {
  readonly name: string;
  /** As it says itself. */
  readonly version: string;
  /** Cannot save what changed only: nothing but the first save and the restore are asked of it. */
  readonly savesOnce: boolean;
  /** How closely a restored folder is looked at. */
  readonly verifiedBy: "bytes" | "sizes";
  /** Prepares a fresh, empty repository. Not measured. */
  begin(place: Place): Promise<ToolSession>;
}

/** One tool with one repository. */
export interface ToolSession {
  save(): Promise<Sample>;
  /** Puts the newest save into a folder that is absent. */
  restore(into: string): Promise<Sample>;
  /** Bytes in the repository now. */
  storedBytes(): Promise<number>;
  /** Ends what runs. What is stored is removed by the caller. */
  end(): Promise<void>;
}

import type { Clock } from "../../../base/index.ts";
import type { MetadataReply } from "../../../cloud/index.ts";
import type { Notice } from "../../notice.ts";

/** The name under which this source reports. */
export const SOURCE_NAME = "ec2-metadata";

/** The documented time between a Spot notice and the end: EC2 user guide, "Spot Instance interruption notices". */
export const SPOT_LEAD_MS = 120_000;

/** A moment that was over by more than this when it was first seen announces nothing any more. */
export const STALE_AFTER_MS = 60_000;

/** What one look at an item found. */
export type Sighting =
  /** Exactly these events are announced; the item's other ones, if any, are gone. */
  | {
      readonly kind: "events";
      readonly notices: readonly Notice[];
      /** For each notice id that is over, why: told at once instead of after a second look. */
      readonly ended?: ReadonlyMap<string, string> | undefined;
      /** Something that people should know although it is no notice. */
      readonly remark?: string | undefined;
    }
  /** The item answered, but not in a way that means anything: what was known stays. */
  | { readonly kind: "unreadable"; readonly detail: string }
  /** The item could not be read at all. */
  | { readonly kind: "failed"; readonly reply: Extract<MetadataReply, { kind: "refused" | "trouble" }> };

/** What an item needs to look. */
export interface LookContext {
  readonly clock: Clock;
  readonly instanceId: string;
  readonly read: (path: string) => Promise<MetadataReply>;
  /** The notice that this source reports under that id at present. */
  readonly known: (id: string) => Notice | undefined;
}

/** One thing that the metadata service may say about an interruption. */
export interface MetadataItem {
  /** For people, and part of no id. */
  readonly name: string;
  look(context: LookContext): Promise<Sighting>;
}

/** Nothing is announced. */
export const NOTHING = { kind: "events", notices: [] } as const satisfies Sighting;

/** What was really said, up to 4 KiB. */
export function rawText(body: string): string {
  return body.length <= 4096 ? body : body.slice(0, 4096);
}

/** The first words of a body, for a message. */
export function excerpt(body: string): string {
  const line = body.trim().replaceAll(/\s+/g, " ");
  return JSON.stringify(line.length <= 60 ? line : `${line.slice(0, 60)}…`);
}

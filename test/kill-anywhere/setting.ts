import { basename } from "node:path";
import type { Counted, Cut, Side } from "./victim-order.ts";

/** In which surroundings an attempt begins; each has its own sequence of disk operations. */
export type Surroundings = "first" | "same folder" | "fresh machine" | "mount point";

/** In what kind of store chains live, and how they die there. */
export interface Setting {
  /** Of the store of a chain: a path or a URL, in which `{root}` stands for the chain's folder, `{name}` for its name. */
  readonly store: string;
  /** Of each operation. */
  readonly sides: readonly Exclude<Side, "sent">[];
  /** Of attempts after the first. */
  readonly surroundings: readonly Surroundings[];
  /** Of the victims: nothing else. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Stores in folders; operations are those of the disk. */
export const FOLDERS: Setting = {
  store: "{root}/store",
  sides: ["before", "after"],
  surroundings: ["same folder", "fresh machine", "mount point"],
  // Extra certificates that are named in an environment would cost more than all the rest.
  environment: {},
};

/** What an attempt has when it is left alone: of one step, and of two. */
export type OperationCounts = Readonly<Partial<Record<Surroundings, readonly [Counted, Counted]>>>;

/** At how many points an attempt can be killed. */
export function countPoints({ sides }: Setting, { operations, sent }: Counted): number {
  return sides.length * operations + sent;
}

/** The store of the chain with this folder. */
export function placeOfStore({ store }: Setting, root: string): string {
  return store
    .replaceAll("{root}", root)
    .replaceAll("{name}", basename(root).replaceAll(/[^A-Za-z0-9]/g, "_"));
}

/** The point with this number, from 0. */
export function cutAt({ sides }: Setting, { operations }: Counted, point: number): Cut {
  const side = sides[point % sides.length];
  if (side === undefined || point >= sides.length * operations) {
    return { operation: 1 + point - sides.length * operations, side: "sent" };
  }
  // The first call to die in is the opening of the store.
  return { operation: Math.floor(point / sides.length) + (side === "during" ? 0 : 1), side };
}

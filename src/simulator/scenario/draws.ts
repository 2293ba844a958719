import { seededRandom } from "../../base/index.ts";
import type { PlannedInterruption } from "./plan.ts";
import type { Range } from "./scenario.ts";

/** An interruption that has no number yet. */
export type DrawnInterruption = Omit<PlannedInterruption, "number">;

/**
 * Dice with names: each draw has its own seed, made from the seed of the plan and the draw's name. So a scenario in which one field
 * was changed keeps all its other draws.
 */
export interface Draws {
  /** From 0 (included) to 1 (excluded). */
  chance(name: string): number;
  /** A whole number of ms between the two ends, both included. */
  ms(name: string, range: Range): number;
  /** A share between the two ends, both included, in steps of 0.01 %. */
  share(name: string, range: Range): number;
  /** Draws whose names begin with this one. */
  of(name: string | number): Draws;
}

/** The draws of a seed. */
export function drawsOf(seed: number, path = ""): Draws {
  const chance = (name: string): number => seededRandom(hashOf(`${seed}${path}/${name}`)).next();
  const within = (name: string, { from, to }: Range): number => from + chance(name) * (to - from);
  const inside = (value: number, { from, to }: Range): number => Math.min(to, Math.max(from, value));
  return {
    chance,
    ms: (name, range) => inside(Math.round(within(name, range)), range),
    share: (name, range) => inside(Math.round(within(name, range) * 10_000) / 10_000, range),
    of: (name) => drawsOf(seed, `${path}/${name}`),
  };
}

/** FNV-1a (Fowler, Noll, Vo; public domain), 32 bits, then the last step of MurmurHash3, which spreads similar names. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

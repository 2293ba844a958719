import { type ReviveOptions, type SavedState, decodeState, reviveState } from "./state/index.ts";
import type { KeptState } from "./restored-record.ts";

/**
 * The program's state from what a checkpoint holds.
 * @throws SpotproofError `state-unreadable`, `state-outdated`
 */
export function restoreState<State, Plain>(
  { version, graph, buffers }: KeptState,
  options: ReviveOptions<State, Plain>,
): Promise<State> {
  const saved: SavedState = { version, state: decodeState(graph, buffers) };
  return reviveState<State, Plain>(saved, options);
}

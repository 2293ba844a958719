import { SpotproofError } from "../base/index.ts";
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

/**
 * What is saved by way of one must come back by way of the other, or the next life gets something else than was saved.
 * @throws SpotproofError `bad-usage`
 */
export function refuseHalfOfACodec({
  encode,
  decode,
}: {
  readonly encode?: unknown;
  readonly decode?: unknown;
}): void {
  if ((encode === undefined) === (decode === undefined)) return;
  const [given, missing] = encode === undefined ? ["decode", "encode"] : ["encode", "decode"];
  throw new SpotproofError(
    "bad-usage",
    `restoreOr has \`${given}\` without \`${missing}\`: give both, or neither for a state that is plain data.`,
  );
}

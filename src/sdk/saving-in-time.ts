import type { Clock, Timer } from "../base/index.ts";
import type { Leaving } from "./leaving.ts";
import type { Recorder } from "./recorder.ts";

/** How long a last save waits for a store that is away when no deadline says less, in ms. */
const LAST_SAVE_LIMIT_MS = 3_600_000;

/** Does a last save, and gives it up when there is no more time for it. */
export async function savingInTime<Result>(
  parts: { readonly clock: Clock; readonly recorder: Recorder; readonly leaving: Leaving },
  save: () => Promise<Result>,
): Promise<Result> {
  const { clock, recorder, leaving } = parts;
  const limitMs = clock.now() + LAST_SAVE_LIMIT_MS;
  let timer: Timer | undefined;
  const setTimer = (): void => {
    timer?.cancel();
    const untilMs = Math.min(limitMs, leaving.giveUpSavingAtMs ?? limitMs);
    timer = clock.after(Math.max(0, untilMs - clock.now()), () => void recorder.giveUp());
  };
  setTimer();
  const silence = leaving.onInterruption(setTimer);
  try {
    return await save();
  } finally {
    silence();
    timer?.cancel();
  }
}

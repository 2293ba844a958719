import { SpotproofError } from "../../base/index.ts";

/** Runs an action unless another one is under way; then it rejects with `internal`. */
export type OneAtATime = <Result>(action: () => Promise<Result>) => Promise<Result>;

/** What a saver does, it does one thing at a time: whoever asks for saves coalesces them (C18). */
export function oneAtATime(): OneAtATime {
  let busy = false;
  return async (action) => {
    if (busy) {
      throw new SpotproofError("internal", "A save was asked for while another one was still under way.");
    }
    busy = true;
    try {
      return await action();
    } finally {
      busy = false;
    }
  };
}

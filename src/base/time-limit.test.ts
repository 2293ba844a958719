import { expect, test } from "vitest";
import { manualClock } from "../../test/stages/manual-clock.ts";
import { withTimeLimit } from "./time-limit.ts";

const reason = (): Error => new Error("the time is over");
/** Ends only when its signal aborts. */
const hang = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error));
  });

test("E2: work that hangs is told when the time is over", async () => {
  const clock = manualClock();
  const refused = expect(withTimeLimit({ clock, limitMs: 500, reason }, hang)).rejects.toThrow(
    "the time is over",
  );
  clock.advance(500);
  await refused;
});

test("the caller's own signal ends the work with its own reason, also when it had aborted before", async () => {
  const abort = new AbortController();
  const clock = manualClock();
  const limit = { clock, limitMs: 500, reason, signal: abort.signal };
  const refused = expect(withTimeLimit(limit, hang)).rejects.toThrow("enough");
  abort.abort(new Error("enough"));
  await refused;
  await expect(withTimeLimit(limit, hang)).rejects.toThrow("enough");
  expect(clock.pending).toBe(0);
});

test("work that ends in time gives its result and leaves no timer", async () => {
  const clock = manualClock();
  expect(await withTimeLimit({ clock, limitMs: 500, reason }, () => Promise.resolve(7))).toBe(7);
  expect(clock.pending).toBe(0);
});

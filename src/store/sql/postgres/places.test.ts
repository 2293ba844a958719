import { expect, test } from "vitest";
import { Places } from "./places.ts";

test("a place is handed on in the order of asking, and one who gave up is passed over", async () => {
  const places = new Places(1);
  await places.enter(undefined);
  const entered: string[] = [];
  const giveUp = new AbortController();
  const first = places.enter(giveUp.signal);
  const second = places.enter(undefined).then(() => entered.push("second"));
  giveUp.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  places.leave();
  await second;
  expect(entered).toEqual(["second"]);
  places.leave();
  await places.enter(AbortSignal.timeout(1000));
});

test("a place that came together with giving up is not lost", async () => {
  const places = new Places(1);
  await places.enter(undefined);
  const giveUp = new AbortController();
  const waiting = places.enter(giveUp.signal);
  giveUp.abort(new Error("enough"));
  places.leave();
  await expect(waiting).rejects.toThrow("enough");
  await places.enter(AbortSignal.timeout(1000));
});

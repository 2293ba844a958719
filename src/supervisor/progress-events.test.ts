import { expect, test } from "vitest";
import { manualClock } from "../../test/stages/manual-clock.ts";
import type { SupervisorEvent } from "./events.ts";
import { ProgressEvents } from "./progress-events.ts";

function stage() {
  const clock = manualClock();
  const told: SupervisorEvent[] = [];
  const events = new ProgressEvents(clock, (event) => told.push(event));
  const done = (): readonly unknown[] =>
    told.map((event) => (event.kind === "progress" ? event.done : event.kind));
  return { clock, events, done };
}

test("a thousand reports in a second become some twenty events, and the last one is among them", () => {
  const { clock, events, done } = stage();
  for (let step = 1; step <= 1000; step += 1) {
    events.tell({ kind: "progress", done: step });
    clock.advance(1);
  }
  clock.advance(50);
  expect(done().length).toBeGreaterThanOrEqual(19);
  expect(done().length).toBeLessThanOrEqual(21);
  expect(done()[0]).toBe(1);
  expect(done().at(-1)).toBe(1000);
  expect(clock.pending).toBe(0);
});

test("what was reported before another event is told before it", () => {
  const { events, done } = stage();
  for (const step of [1, 2, 3]) events.tell({ kind: "progress", done: step });
  events.tell({ kind: "interruption-cleared" });
  expect(done()).toEqual([1, 3, "interruption-cleared"]);
});

test("nothing waits after the end", () => {
  const { clock, events, done } = stage();
  for (const step of [1, 2]) events.tell({ kind: "progress", done: step });
  events.flush();
  events.flush();
  expect(done()).toEqual([1, 2]);
  expect(clock.pending).toBe(0);
});

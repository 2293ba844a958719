import { expect, test } from "vitest";
import { manualClock, until } from "../../test/stages/manual-clock.ts";
import type { NoticeSource, SourceReport } from "./notice-source.ts";
import { createSignalSource } from "./sources/signal-source.ts";
import { watchSources } from "./watch-sources.ts";

const broken: NoticeSource = { name: "broken", watch: () => Promise.reject(new Error("out of order")) };
const brokenAtOnce: NoticeSource = {
  name: "broken-at-once",
  watch: () => {
    throw new Error("not even begun");
  },
};
const hanging: NoticeSource = { name: "hanging", watch: () => new Promise(() => {}) };
const absent: NoticeSource = {
  name: "absent",
  watch(report) {
    report({ kind: "absent", source: "absent", reason: "none here" });
    return Promise.resolve();
  },
};

test("I2: sources that throw, hang or are absent do not keep the others from being heard", async () => {
  const clock = manualClock();
  const reports: SourceReport[] = [];
  const end = new AbortController();
  let raise = (): void => {};
  const signals = createSignalSource({
    graceMs: 30_000,
    clock,
    on: (_signal, handler) => {
      raise = handler;
      return () => {};
    },
  });
  const all = [brokenAtOnce, broken, hanging, absent, signals];
  const watching = watchSources(all, (report) => reports.push(report), end.signal, clock);
  await until(() => reports.length === 4);
  raise();
  expect(reports).toMatchObject([
    { kind: "blind", source: "broken-at-once", reason: expect.stringContaining("not even begun") },
    { kind: "absent" },
    { kind: "listening", source: "signal" },
    { kind: "blind", source: "broken", reason: expect.stringContaining("out of order") },
    { kind: "noticed" },
  ]);
  end.abort();
  // The hanging one is given a second, and is then left behind.
  await until(() => clock.pending === 1);
  clock.advance(1000);
  await watching;
  expect(clock.pending).toBe(0);
});

test("the watch ends by itself when every source is absent, and leaves no timer", async () => {
  const clock = manualClock();
  await watchSources([absent, absent], () => {}, new AbortController().signal, clock);
  expect(clock.pending).toBe(0);
});

test("nothing is reported after the abort, even by a source that does not care", async () => {
  const clock = manualClock();
  const reports: SourceReport[] = [];
  const end = new AbortController();
  const careless: NoticeSource = {
    name: "careless",
    async watch(report) {
      await clock.sleep(100);
      report({ kind: "listening", source: "careless", detail: "too late" });
    },
  };
  const watching = watchSources([careless], (report) => reports.push(report), end.signal, clock);
  end.abort();
  clock.advance(100);
  await watching;
  expect(reports).toEqual([]);
});

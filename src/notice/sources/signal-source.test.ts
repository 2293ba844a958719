import { describe, expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { noticeSourceContract } from "../notice-source.contract.ts";
import type { SourceReport } from "../notice-source.ts";
import { createSignalSource, type SignalSourceOptions } from "./signal-source.ts";

/** A source with signals that the test raises. */
function stage(options: Partial<SignalSourceOptions> = {}) {
  const clock = manualClock();
  const handlers = new Map<string, () => void>();
  const source = createSignalSource({
    graceMs: 30_000,
    clock,
    on: (signal, handler) => {
      handlers.set(signal, handler);
      return () => handlers.delete(signal);
    },
    ...options,
  });
  const reports: SourceReport[] = [];
  const end = new AbortController();
  const watching = source.watch((report) => reports.push(report), end.signal);
  return { clock, handlers, reports, end, watching };
}

describe("process signals", () => {
  noticeSourceContract(async () => {
    const clock = manualClock();
    const handlers = new Set<() => void>();
    const source = createSignalSource({
      graceMs: 30_000,
      clock,
      on: (_signal, handler) => {
        handlers.add(handler);
        return () => handlers.delete(handler);
      },
    });
    return {
      source,
      announce: () => {
        for (const handler of handlers) handler();
      },
      letHear: () => Promise.resolve(),
      pendingTimers: () => clock.pending,
      close: () => Promise.resolve(),
    };
  });

  test("SIGTERM is an interruption that ends this process after the grace", () => {
    const { clock, handlers, reports } = stage();
    clock.advance(1000);
    handlers.get("SIGTERM")?.();
    expect(reports).toEqual([
      { kind: "listening", source: "signal", detail: "SIGTERM" },
      {
        kind: "noticed",
        notice: {
          id: "signal/interruption/end-process/SIGTERM",
          source: "signal",
          kind: "interruption",
          action: "end-process",
          cause: "SIGTERM was received",
          deadline: { atMs: 36_000 },
          deadlineAssumed: false,
          raw: "SIGTERM",
        },
      },
    ]);
  });

  test("D06: the same signal again does not put the deadline off, and is not told again", () => {
    const { clock, handlers, reports } = stage();
    handlers.get("SIGTERM")?.();
    clock.advance(10_000);
    handlers.get("SIGTERM")?.();
    expect(reports.filter(({ kind }) => kind === "noticed")).toHaveLength(1);
  });

  test("other signals can be chosen, and each is an event of its own", () => {
    const { handlers, reports } = stage({ signals: ["SIGUSR1", "SIGHUP"] });
    expect([...handlers.keys()]).toEqual(["SIGUSR1", "SIGHUP"]);
    handlers.get("SIGUSR1")?.();
    handlers.get("SIGHUP")?.();
    const ids = reports.flatMap((report) => (report.kind === "noticed" ? [report.notice.id] : []));
    expect(new Set(ids).size).toBe(2);
  });

  test("I2: a signal that cannot be listened for is reported, and the others work", () => {
    const raised: (() => void)[] = [];
    const { reports } = stage({
      signals: ["SIGKILL", "SIGTERM"],
      on: (signal, handler) => {
        if (signal === "SIGKILL") throw new Error("uv_signal_start EINVAL");
        raised.push(handler);
        return () => {};
      },
    });
    expect(reports).toEqual([
      { kind: "blind", source: "signal", reason: expect.stringContaining("SIGKILL") },
    ]);
    raised[0]?.();
    expect(reports.at(-1)).toMatchObject({ kind: "noticed" });
  });

  test("after the abort no handler is left and nothing is reported", async () => {
    const { handlers, reports, end, watching } = stage();
    const raise = handlers.get("SIGTERM");
    end.abort();
    await watching;
    expect(handlers.size).toBe(0);
    raise?.();
    expect(reports).toHaveLength(1);
  });

  test("with real signals of this process", async () => {
    const { reports, end, watching } = stage({
      signals: ["SIGUSR2"],
      on: (signal, handler) => {
        process.on(signal, handler);
        return () => process.off(signal, handler);
      },
    });
    const before = process.listenerCount("SIGUSR2");
    const heard = new Promise((resolve) => {
      process.once("SIGUSR2", resolve);
    });
    process.kill(process.pid, "SIGUSR2");
    await heard;
    expect(reports.at(-1)).toMatchObject({ kind: "noticed" });
    end.abort();
    await watching;
    expect(process.listenerCount("SIGUSR2")).toBe(before - 1);
  });
});

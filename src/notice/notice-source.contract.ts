import { describe, expect, test } from "vitest";
import type { NoticeSource, SourceReport } from "./notice-source.ts";

/** One implementation, with the other side that it listens to in the hands of the test. */
export interface SourceUnderTest {
  readonly source: NoticeSource;
  /** Makes the other side announce an interruption; announcing it again is the same event. */
  announce(): void;
  /** Gives the source the time that it needs to hear what was announced. */
  letHear(): Promise<void>;
  /** Timers that are still set. */
  pendingTimers(): number;
  close(): Promise<void>;
}

/** What every notice source promises; `open` makes a fresh one. */
export function noticeSourceContract(open: () => Promise<SourceUnderTest>): void {
  describe("the contract of every notice source", () => {
    test("it says that it listens, then tells an announced interruption with a deadline and its words", async () => {
      await using at = await watching(open);
      at.announce();
      await at.letHear();
      const [first, second] = at.reports;
      expect(first).toMatchObject({ kind: "listening", source: at.source.name });
      expect(second).toMatchObject({
        kind: "noticed",
        notice: { source: at.source.name, kind: "interruption", deadline: { atMs: expect.any(Number) } },
      });
      if (second?.kind !== "noticed") throw new Error("not noticed");
      expect(second.notice.raw).not.toBe("");
      expect(second.notice.cause).not.toBe("");
      // Plain data: it can be written down and read again.
      expect(JSON.parse(JSON.stringify(second.notice))).toEqual(second.notice);
    });

    test("the same event again is not told again", async () => {
      await using at = await watching(open);
      for (let turn = 0; turn < 3; turn += 1) {
        at.announce();
        await at.letHear();
      }
      expect(at.reports.map(({ kind }) => kind)).toEqual(["listening", "noticed"]);
    });

    test("after the abort it returns, reports nothing more and leaves no timer", async () => {
      await using at = await watching(open);
      await at.letHear();
      const told = at.reports.length;
      await at.end();
      at.announce();
      await at.letHear();
      expect(at.reports).toHaveLength(told);
      expect(at.pendingTimers()).toBe(0);
    });

    test("with a signal that has aborted already it returns at once and reports nothing", async () => {
      const opened = await open();
      const reports: SourceReport[] = [];
      await opened.source.watch((report) => reports.push(report), AbortSignal.abort());
      expect(reports).toEqual([]);
      await opened.close();
    });

    test("it can be watched again after a watch has ended", async () => {
      await using at = await watching(open);
      await at.letHear();
      await at.end();
      const again: SourceReport[] = [];
      const stop = new AbortController();
      const second = at.source.watch((report) => again.push(report), stop.signal);
      at.announce();
      await at.letHear();
      expect(again.map(({ kind }) => kind)).toEqual(["listening", "noticed"]);
      stop.abort();
      await second;
    });
  });
}

async function watching(open: () => Promise<SourceUnderTest>) {
  const opened = await open();
  const reports: SourceReport[] = [];
  const stop = new AbortController();
  const watch = opened.source.watch((report) => reports.push(report), stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await watch;
  };
  return {
    ...opened,
    reports,
    end,
    async [Symbol.asyncDispose]() {
      await end();
      await opened.close();
    },
  };
}

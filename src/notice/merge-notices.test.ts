import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { manualClock } from "../../test/stages/manual-clock.ts";
import { createInterruptionRecord, type GraceLayer, type InterruptionChange } from "./merge-notices.ts";
import type { Notice } from "./notice.ts";
import type { SourceReport } from "./notice-source.ts";

/** A Spot notice heard by the metadata source, or what is changed of it. */
function notice(changes: Partial<Notice> & { readonly atMs?: number } = {}): Notice {
  const { atMs = 125_000, ...more } = changes;
  return {
    id: "ec2-metadata/interruption/spot-terminate/i-1",
    source: "ec2-metadata",
    kind: "interruption",
    action: "terminate",
    cause: "spot/instance-action says terminate",
    deadline: { atMs },
    deadlineAssumed: false,
    raw: "{}",
    ...more,
  };
}

const noticed = (changes: Parameters<typeof notice>[0] = {}): SourceReport => ({
  kind: "noticed",
  notice: notice(changes),
});

function record() {
  const clock = manualClock();
  const all = createInterruptionRecord(clock);
  const changes: InterruptionChange[] = [];
  all.onChange((change) => changes.push(change));
  return { clock, all, changes };
}

describe("what all sources together say", () => {
  test("it is quiet, early or interrupted", () => {
    const { all } = record();
    expect(all.state()).toEqual({ kind: "quiet" });
    const early = notice({ id: "early", kind: "early-signal", deadline: undefined });
    all.hear({ kind: "noticed", notice: early });
    expect(all.state()).toEqual({ kind: "early", notices: [early] });
    all.hear(noticed());
    expect(all.state()).toMatchObject({
      kind: "interrupted",
      deadline: { atMs: 125_000 },
      firstHeardAtMs: 5000,
    });
    all.hear({ kind: "cleared", noticeId: notice().id, reason: "gone" });
    expect(all.state().kind).toBe("early");
    all.hear({ kind: "cleared", noticeId: "early", reason: "gone" });
    expect(all.state()).toEqual({ kind: "quiet" });
  });

  test("D13: of two staggered notices the earliest deadline holds, whichever came last", () => {
    const { all, clock } = record();
    all.hear(noticed({ id: "a", atMs: 40_000, cause: "the near one" }));
    clock.advance(10_000);
    all.hear(noticed({ id: "b", atMs: 125_000 }));
    expect(all.state()).toMatchObject({
      deadline: { atMs: 40_000 },
      cause: "the near one",
      firstHeardAtMs: 5000,
    });
    all.hear({ kind: "cleared", noticeId: "a", reason: "taken back" });
    expect(all.state()).toMatchObject({ deadline: { atMs: 125_000 }, firstHeardAtMs: 15_000 });
  });

  test("D16: the same event heard by two sources is one interruption, told once", () => {
    const { all, changes } = record();
    all.hear(noticed());
    all.hear(noticed());
    all.hear(noticed({ id: "queue/interruption/terminate/i-1", source: "queue", atMs: 130_000 }));
    const states = changes.flatMap((change) => (change.kind === "state" ? [change] : []));
    expect(states.filter(({ before, after }) => before.kind !== after.kind)).toHaveLength(1);
    expect(all.state()).toMatchObject({ kind: "interrupted", deadline: { atMs: 125_000 } });
  });

  test("D06: the same event with a later deadline keeps the first one", () => {
    const { all, changes } = record();
    all.hear(noticed());
    all.hear(noticed({ atMs: 500_000 }));
    expect(all.state()).toMatchObject({ deadline: { atMs: 125_000 } });
    expect(changes).toHaveLength(1);
  });

  test("D19: a container's stop timeout counts from the signal, and its end is the deadline when it comes first", () => {
    const { all, clock } = record();
    all.addLayer({ name: "container stop", graceMs: 30_000, from: "signal" });
    all.hear(noticed());
    expect(all.state()).toMatchObject({ deadline: { atMs: 125_000 } });
    clock.advance(20_000);
    all.hear(noticed({ id: "signal/SIGTERM", action: "end-process", atMs: 200_000 }));
    expect(all.state()).toMatchObject({ deadline: { atMs: 55_000 }, limitedBy: "container stop" });
    // The limit survives whatever else is heard (D13).
    all.hear(noticed({ id: "later", atMs: 300_000 }));
    expect(all.state()).toMatchObject({ deadline: { atMs: 55_000 } });
  });

  test("D19: a layer that is added late holds for what was heard before", () => {
    const { all } = record();
    all.hear(noticed());
    all.addLayer({ name: "batch system", graceMs: 30_000, from: "first-notice" });
    expect(all.state()).toMatchObject({ deadline: { atMs: 35_000 }, limitedBy: "batch system" });
  });

  test("D20: being taken out of a group never puts off a Spot reclaim", () => {
    const { all } = record();
    const hook = { id: "hook", action: "leave-group", atMs: 3_600_000, deadlineAssumed: true } as const;
    all.hear(noticed(hook));
    all.hear(noticed());
    expect(all.state()).toMatchObject({
      deadline: { atMs: 125_000 },
      action: "terminate",
      deadlineAssumed: false,
    });
  });

  test("D21: the record says how long there is, and never that it is over before it is", () => {
    const { all, clock } = record();
    all.hear(noticed());
    const state = all.state();
    if (state.kind !== "interrupted") throw new Error("not interrupted");
    expect(state.deadline.atMs - clock.now()).toBe(120_000);
  });

  test("D12: an early signal that becomes an interruption under the same id is one, and stays one", () => {
    const { all } = record();
    all.hear(noticed({ kind: "early-signal" }));
    expect(all.state().kind).toBe("early");
    all.hear(noticed());
    all.hear(noticed({ kind: "early-signal" }));
    expect(all.state().kind).toBe("interrupted");
  });

  test.each([undefined, { atMs: Number.NaN }, { atMs: Number.POSITIVE_INFINITY }])(
    "I2: an interruption with the deadline %j gets the assumed two minutes, never now",
    (deadline) => {
      const { all } = record();
      all.hear(noticed({ deadline }));
      expect(all.state()).toMatchObject({ deadline: { atMs: 125_000 }, deadlineAssumed: true });
    },
  );

  test("the health of each source is told when it changes, with the moment since when", () => {
    const { all, clock, changes } = record();
    all.hear({ kind: "listening", source: "ec2-metadata", detail: "i-1" });
    clock.advance(1000);
    all.hear({ kind: "blind", source: "ec2-metadata", reason: "503" });
    all.hear({ kind: "blind", source: "ec2-metadata", reason: "503" });
    clock.advance(1000);
    all.hear({ kind: "absent", source: "signal", reason: "none" });
    expect(all.sources()).toEqual([
      { source: "ec2-metadata", kind: "blind", sinceMs: 6000, detail: "503" },
      { source: "signal", kind: "absent", sinceMs: 7000, detail: "none" },
    ]);
    expect(all.blindSources()).toEqual(["ec2-metadata"]);
    expect(changes.map(({ kind }) => kind)).toEqual(["health", "health", "health"]);
  });

  test("a source that goes blind takes nothing back", () => {
    const { all } = record();
    all.hear(noticed());
    all.hear({ kind: "blind", source: "ec2-metadata", reason: "503" });
    expect(all.state().kind).toBe("interrupted");
  });
});

const anyNotice = fc.record({
  id: fc.constantFrom("a", "b", "c", "d"),
  kind: fc.constantFrom("interruption" as const, "early-signal" as const),
  action: fc.constantFrom("terminate" as const, "end-process" as const, "leave-group" as const),
  atMs: fc.integer({ min: 0, max: 1_000_000 }),
});
const anyLayer: fc.Arbitrary<GraceLayer> = fc.record({
  name: fc.constantFrom("x", "y"),
  graceMs: fc.integer({ min: 0, max: 300_000 }),
  from: fc.constantFrom("signal" as const, "first-notice" as const),
});

/** One id is one event: it has one action, whoever tells of it. */
function sameActionPerId<T extends { readonly id: string; readonly action: Notice["action"] }>(
  all: readonly T[],
): T[] {
  const actions = new Map(all.map(({ id, action }) => [id, action]));
  return all.map((one) => ({ ...one, action: actions.get(one.id) ?? one.action }));
}

describe("for every set of reports", () => {
  test("D13: neither their order nor how often they come changes the deadline", () => {
    const sets = fc.array(anyNotice, { maxLength: 12 }).chain((all) => {
      const same = sameActionPerId(all);
      const repeated = [...same, ...same];
      return fc.tuple(
        fc.constant(same),
        fc.shuffledSubarray(repeated, { minLength: repeated.length }),
        fc.array(anyLayer),
      );
    });
    fc.assert(
      fc.property(sets, ([all, shuffled, layers]) => {
        const [one, other] = [record().all, record().all];
        for (const layer of layers) one.addLayer(layer);
        for (const changes of all) one.hear(noticed(changes));
        for (const changes of shuffled) other.hear(noticed(changes));
        for (const layer of layers.toReversed()) other.addLayer(layer);
        const [a, b] = [one.state(), other.state()];
        expect(b.kind).toBe(a.kind);
        if (a.kind === "interrupted" && b.kind === "interrupted") {
          expect(b.deadline).toEqual(a.deadline);
          expect(b.limitedBy).toEqual(a.limitedBy);
        }
      }),
    );
  });

  test("I1: the deadline is the earliest of all interruptions, or a layer's that is earlier still", () => {
    fc.assert(
      fc.property(fc.array(anyNotice, { minLength: 1 }), fc.array(anyLayer), (all, layers) => {
        const { all: merged } = record();
        for (const layer of layers) merged.addLayer(layer);
        const distinct = all.map((one, index) => ({ ...one, id: `${one.id}${index}` }));
        for (const changes of distinct) merged.hear(noticed(changes));
        const state = merged.state();
        const interruptions = distinct.filter(({ kind }) => kind === "interruption");
        expect(state.kind === "interrupted").toBe(interruptions.length > 0);
        if (state.kind !== "interrupted") return;
        const earliest = Math.min(...interruptions.map(({ atMs }) => atMs));
        if (state.limitedBy === undefined) expect(state.deadline.atMs).toBe(earliest);
        else expect(state.deadline.atMs).toBeLessThan(earliest);
      }),
    );
  });

  test("D12: when everything that was noticed is cleared, it is quiet", () => {
    fc.assert(
      fc.property(fc.array(anyNotice), (all) => {
        const { all: merged } = record();
        for (const changes of all) merged.hear(noticed(changes));
        for (const { id } of all) merged.hear({ kind: "cleared", noticeId: id, reason: "gone" });
        expect(merged.state()).toEqual({ kind: "quiet" });
      }),
    );
  });
});

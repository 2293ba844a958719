import { describe, expect, test } from "vitest";
import { checkOf, reportOn } from "../../../test/stages/inspection.ts";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { createMemoryStore } from "../memory/memory-store.ts";

describe("clocks", () => {
  test("a small difference is told and matters to nobody; a large one is a warning because of signatures", async () => {
    const clock = manualClock();
    const by = (ms: number) => ({ writtenAt: () => Promise.resolve(clock.wallTime() + ms) });
    const near = checkOf(await reportOn(createMemoryStore(), { opened: by(2000) }, clock), "clocks");
    expect(near).toMatchObject({ verdict: "good", facts: { differenceMs: 2000 } });
    expect(near.seen.join(" ")).toMatch(/No promise of Spotproof depends on a clock.*15 min/);
    const far = checkOf(await reportOn(createMemoryStore(), { opened: by(-3_600_000) }, clock), "clocks");
    expect(far).toMatchObject({ verdict: "warning", facts: { differenceMs: -3_600_000 } });
  });
});

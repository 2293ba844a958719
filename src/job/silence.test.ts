import { describe, expect, test } from "vitest";
import { Silence } from "./silence.ts";

const RULE = { leaseMs: 30_000, longestStepMs: 10_000 };

/** Looks that each take 10 ms, at the given moments. */
function looks(seen: readonly (readonly [atMs: number, seen: string])[]): Silence {
  const silence = new Silence(RULE);
  for (const [atMs, what] of seen) silence.observe({ seen: what, begunAtMs: atMs, endedAtMs: atMs + 10 });
  return silence;
}

describe("silence", () => {
  test("J2: counts from the end of a look to the begin of the next", () => {
    expect(
      looks([
        [0, "a"],
        [1000, "a"],
        [2000, "a"],
      ]).silentMs,
    ).toBe(990 + 990);
  });

  test("J2: begins anew with every change", () => {
    expect(
      looks([
        [0, "a"],
        [9000, "a"],
        [18_000, "b"],
      ]).silentMs,
    ).toBe(0);
    expect(
      looks([
        [0, "a"],
        [9000, "b"],
        [18_000, "b"],
      ]).silentMs,
    ).toBe(8990);
  });

  test("J2, K05: two looks alone never make a lease, however far they are apart: the observer itself stood still", () => {
    const silence = looks([
      [0, "a"],
      [3_600_000, "a"],
    ]);
    expect(silence.silentMs).toBe(10_000);
    expect(silence.leaseIsOver).toBe(false);
  });

  test("K05: a lease takes at least three waits", () => {
    expect(
      looks([
        [0, "a"],
        [10_010, "a"],
        [20_020, "a"],
      ]).leaseIsOver,
    ).toBe(false);
    expect(
      looks([
        [0, "a"],
        [10_010, "a"],
        [20_020, "a"],
        [30_030, "a"],
      ]).leaseIsOver,
    ).toBe(true);
  });

  test("K05: a look that failed begins the lease anew: the attempt may be cut off from the store as well", () => {
    const silence = looks([
      [0, "a"],
      [10_010, "a"],
      [20_020, "a"],
    ]);
    silence.interrupted();
    expect(silence.observe({ seen: "a", begunAtMs: 30_030, endedAtMs: 30_040 })).toBe("first");
    expect(silence.silentMs).toBe(0);
  });

  test("a slow look does not count as time between looks", () => {
    const silence = new Silence(RULE);
    silence.observe({ seen: "a", begunAtMs: 0, endedAtMs: 5000 });
    silence.observe({ seen: "a", begunAtMs: 5000, endedAtMs: 40_000 });
    expect(silence.silentMs).toBe(0);
  });
});

import { describe, expect, test } from "vitest";
import { type ReviveOptions, type SavedState, reviveState, stateVersion } from "./versions.ts";

async function codeAndDetail(saved: SavedState, options: ReviveOptions<unknown>): Promise<unknown[]> {
  return reviveState(saved, options).then(
    () => ["none"],
    (error: { code: string; detail: string; cause?: unknown }) => [error.code, error.detail, error.cause],
  );
}

describe("the version of a state", () => {
  test("is 1 unless the program says otherwise, and a positive whole number", () => {
    expect([stateVersion(), stateVersion(7)]).toEqual([1, 7]);
    for (const wrong of [0, -1, 1.5, Number.NaN, 2 ** 60])
      expect(() => stateVersion(wrong)).toThrow("bad-usage");
  });

  test("the same version comes back as it is, and is not migrated", async () => {
    const state = { a: 1 };
    const migrate = (): never => {
      throw new Error("not needed");
    };
    expect(await reviveState({ version: 1, state }, {})).toBe(state);
    expect(await reviveState({ version: 3, state }, { version: 3, migrate })).toBe(state);
  });

  test("an older one is migrated, then decoded", async () => {
    const options = {
      version: 3,
      migrate: (old: unknown, from: number) => ({ text: `${String(old)} from ${from}` }),
      decode: async ({ text }: { text: string }) => new URL(`http://x.test/${encodeURI(text)}`),
    };
    const revived: URL = await reviveState({ version: 1, state: "old" }, options);
    expect(revived.pathname).toBe("/old%20from%201");
  });

  test("an older one without a migration is refused, a newer one in other words", async () => {
    expect(await codeAndDetail({ version: 1, state: 1 }, { version: 2 })).toEqual([
      "state-outdated",
      "It was saved by version 1 of this program, which now has version 2 and no migration.",
      undefined,
    ]);
    const newer = await codeAndDetail({ version: 3, state: 1 }, { version: 2, migrate: () => 1 });
    expect(newer[0]).toBe("state-outdated");
    expect(newer[1]).toContain("this is version 2, which is older and must not touch it");
  });

  test("a migration that throws, or returns nothing, is said with its cause", async () => {
    const cause = new TypeError("no layers");
    const migrate = (): never => {
      throw cause;
    };
    expect(await codeAndDetail({ version: 1, state: 1 }, { version: 2, migrate })).toEqual([
      "state-outdated",
      "The migration from version 1 to 2 failed: no layers",
      cause,
    ]);
    const nothing = await codeAndDetail({ version: 1, state: 1 }, { version: 2, migrate: () => undefined });
    expect(nothing[1]).toContain("returned nothing");
  });

  test("a decode that throws, and a version that is none, are unreadable", async () => {
    const decode = (): never => {
      throw new Error("no such layer");
    };
    const failed = await codeAndDetail({ version: 1, state: 1 }, { decode });
    expect(failed.slice(0, 2)).toEqual(["state-unreadable", "The program's `decode` failed: no such layer"]);
    expect((await codeAndDetail({ version: 0, state: 1 }, {}))[0]).toBe("state-unreadable");
  });
});

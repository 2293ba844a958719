import { describe, expect, test } from "vitest";
import { checkOf, keysOf, reportOn } from "../../../test/stages/inspection.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import { changed, withoutRights } from "./bad-stores.fixture.ts";

describe("a missing right is named, and the others are tried", () => {
  const rights = ["create", "read", "list", "listFolders", "replace", "remove"] as const;
  test.each(rights)("%s", async (right) => {
    const store = createMemoryStore();
    const report = await reportOn(withoutRights(store, right));
    const check = checkOf(report, "rights");
    expect(check.verdict).toBe("bad");
    expect(check.seen.join(" ")).toMatch(/NOT allowed/);
    expect(check.advice).toMatch(/Give whoever runs the job the right to/);
    const missing = right === "read" ? ["read", "rangeRead"] : [right];
    expect(Object.keys(check.facts).filter((name) => check.facts[name] === "missing")).toEqual(missing);
    const others = Object.keys(check.facts).filter((name) => !missing.includes(name));
    expect(others.map((name) => check.facts[name])).toEqual(others.map(() => "granted"));
    expect(report.verdict).toBe("bad");
  });

  test("none at all: every one is named, and no speed is invented", async () => {
    const report = await reportOn(withoutRights(createMemoryStore(), ...rights), { measureMs: 1000 });
    expect(Object.values(checkOf(report, "rights").facts)).toEqual(Array(7).fill("missing"));
    expect(report.checks.slice(2).map(({ verdict }) => verdict)).toEqual(Array(4).fill("not-checked"));
  });

  test("what cannot be removed is named, and that is little", async () => {
    const store = createMemoryStore();
    const report = await reportOn(withoutRights(store, "remove"), { measureMs: 10_000 });
    const there = await keysOf(store);
    expect(there.length).toBeGreaterThan(0);
    expect([...report.leftBehind].sort()).toEqual(there);
    expect(checkOf(report, "speed").verdict).toBe("not-checked");
    const bytes = (await store.list("")).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    expect(bytes).toBeLessThan(100_000);
  });

  test("a store that answers with something else than was written is bad", async () => {
    const store = createMemoryStore();
    const wrong = changed(store, {
      read: async (key, options) => await store.read(key, { ...options, range: undefined }),
    });
    const report = await reportOn(wrong);
    expect(checkOf(report, "rights")).toMatchObject({
      verdict: "bad",
      facts: { read: "granted", rangeRead: "wrong" },
    });
  });
});

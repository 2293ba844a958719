import { expect, test } from "vitest";
import type { StoreReport } from "../../store/index.ts";
import { describeCheck, describeEnd, doctorPaint, wrap } from "./doctor-page.ts";

const report: StoreReport = {
  format: 1,
  verdict: "bad",
  store: "folder /x",
  place: "tmpfs",
  cautions: ["it goes with the machine"],
  checks: [
    { id: "rights", verdict: "bad", seen: ["NOT allowed: remove."], advice: "Give the right.", facts: {} },
    { id: "clocks", verdict: "not-checked", seen: ["It does not tell."], advice: null, facts: {} },
  ],
  leftBehind: ["spotproof-doctor/1.rights"],
  earlier: { removed: 1, left: [], alive: 1 },
};

test("a check is a block: name, verdict, what was seen, what to do", async () => {
  const paint = await doctorPaint(false);
  const [rights] = report.checks;
  if (rights === undefined) throw new Error("no check");
  expect(describeCheck(rights, paint, 80)).toBe(
    [
      "rights            bad          NOT allowed: remove.\n",
      "                               -> Give the right.\n",
    ].join(""),
  );
});

test("the end names what is left, by whom, and says in one sentence whether to rely on it", async () => {
  const end = describeEnd(report, await doctorPaint(false), 100);
  expect(end).toMatch(/place: tmpfs\n/);
  expect(end).toMatch(/caution: it goes with the machine\n/);
  expect(end).toMatch(/1 object of an earlier, killed inspection removed/);
  expect(end).toMatch(/another inspection of this store is under way/);
  expect(end).toMatch(/left behind, remove by hand: spotproof-doctor\/1\.rights/);
  expect(end).toMatch(/Do not rely on this store: 1 of 2 checks ended badly \(1 not checked\)\.\n$/);
});

test("colours are there when they are wanted", async () => {
  const escape = String.fromCharCode(27);
  expect(describeEnd(report, await doctorPaint(true), 100)).toContain(escape);
  expect(describeEnd(report, await doctorPaint(false), 100)).not.toContain(escape);
});

test("lines break at spaces, and a long word stays whole", () => {
  expect(wrap("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrap("/a/very/long/path is it", 5)).toEqual(["/a/very/long/path", "is it"]);
});

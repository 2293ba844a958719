import { describe, expect, test } from "vitest";
import { USUAL_DURATIONS } from "../../simulator/index.ts";
import { type RawRehearseOptions, readRehearseOptions } from "./rehearse-options.ts";

const RAW: RawRehearseOptions = {
  scenario: "typical",
  speed: "auto",
  checkpoint: "./ckpt",
  alone: true,
  maxLost: "25%",
  isolation: "auto",
};
const CONTEXT = { workingFolder: "/home/ann/job", usual: USUAL_DURATIONS };

const read = (words: readonly string[], raw: Partial<RawRehearseOptions> = {}) =>
  readRehearseOptions({ ...RAW, ...raw }, words, CONTEXT);

describe("the command to rehearse", () => {
  test("is put under Spotproof with a folder of its own, which no new machine has", () => {
    const { commands, excluded } = read(["python3", "train.py", "a b"]);
    expect(commands).toMatchObject([
      {
        id: "job",
        title: "with Spotproof",
        words: ["python3", "train.py", "a b"],
        shown: "python3 train.py 'a b'",
        supervision: { checkpointFolder: "ckpt", durations: USUAL_DURATIONS, otherOptions: [] },
      },
    ]);
    expect(excluded).toEqual(["/home/ann/job/ckpt"]);
  });

  test("may be left as it is written", () => {
    const { commands } = read(["sh", "-c", "x"], { asWritten: true });
    expect(commands[0]?.supervision).toBeUndefined();
  });

  test.each([
    [["spotproof"]],
    [["npx", "-y", "spotproof"]],
    [["./node_modules/.bin/spotproof"]],
    [["node", "dist/cli/main.js"]],
  ])("%j run is taken apart: its store and its name are the rehearsal's, its options stay", (start) => {
    const options = ["--job", "t", "--store", "./s", "-c", "state", "--every", "30s", "--stop-signal", "INT"];
    const { commands, excluded } = read([
      ...start,
      "run",
      ...options,
      "--",
      "python3",
      "t.py",
      "--store",
      "x",
    ]);
    expect(commands[0]).toMatchObject({
      words: ["python3", "t.py", "--store", "x"],
      supervision: {
        checkpointFolder: "state",
        durations: { ...USUAL_DURATIONS, every: 30_000 },
        otherOptions: ["--stop-signal", "INT"],
      },
    });
    expect(excluded).toEqual(["/home/ann/job/state", "/home/ann/job/s"]);
  });

  test("a comparison runs as it is written, without a shell between it and its signals where that is possible", () => {
    const compared = (compare: string) => read(["true"], { compare }).commands[1];
    expect(compared("python3 naive.py")).toMatchObject({
      id: "compare",
      words: ["/bin/sh", "-c", "exec python3 naive.py"],
      shown: "python3 naive.py",
    });
    expect(compared("cd x && ./y")?.words[2]).toBe("cd x && ./y");
    expect(compared("A=1 ./y")?.words[2]).toBe("A=1 ./y");
  });
});

test.each([
  [[], {}, "no command to rehearse"],
  [["x"], { speed: "0" }, "--speed"],
  [["x"], { speed: "fast" }, "--speed"],
  [["x"], { seed: "x" }, "--seed"],
  [["x"], { maxLost: "200%" }, "--max-lost"],
  [["x"], { maxLost: "5" }, "--max-lost"],
  [["x"], { allow: ["nonsense"] }, "--allow"],
  [["x"], { compare: " " }, "--compare"],
  [["x"], { checkpoint: "." }, "--checkpoint"],
  [["x"], { checkpoint: "/elsewhere" }, "--checkpoint"],
  [["x"], { checkpoint: ".." }, "--checkpoint"],
  [["x"], { alone: false, expectSame: ["a"] }, "--expect-same"],
  [["x"], { sameBy: "cmp" }, "--same-by"],
  [["x"], { asWritten: true, every: "1s" }, "--every"],
  [["x"], { every: "0s" }, "--every"],
  [["x"], { length: "long" }, "--length"],
  [["x"], { every: "soon" }, "--every"],
  [["spotproof", "run", "--", "x"], {}, "--job"],
  [["spotproof", "run", "--job", "j", "--store", "s", "--nonsense", "--", "x"], {}, "--nonsense"],
])("%j with %j is refused by a sentence that names %s", (words, raw, named) => {
  expect(() => read(words, raw)).toThrow(named);
});

test("ids of findings may be typed in small letters, several at once", () => {
  expect([...read(["x"], { allow: ["s08,L01", "c01"] }).allow]).toEqual(["S08", "L01", "C01"]);
});

import { expect, test } from "vitest";
import { ignoredHangupAtStart } from "./hangup.ts";

const files =
  (parent: string, input: string) =>
  (path: string): string | undefined =>
    path === "/proc/7/status"
      ? `Name:\tsh\nSigBlk:\t0000000000000000\nSigIgn:\t${parent}\nSigCgt:\t0000000000000000\n`
      : path === "/proc/self/fdinfo/0"
        ? `pos:\t0\nflags:\t${input}\nmnt_id:\t24\n`
        : undefined;
const plain = { environment: { _: "/usr/bin/spotproof" }, parentPid: 7 };

test.each([
  ["an ordinary start", plain, "0000000000001000", "0100002", false],
  ["a parent that ignores SIGHUP", plain, "0000000000001001", "0100002", true],
  ["a parent that ignores other signals only", plain, "0000000000384006", "0100002", false],
  ["the shell named nohup", { ...plain, environment: { _: "/usr/bin/nohup" } }, "00", "0100000", true],
  ["the input that nohup leaves", plain, "0000000000001000", "02100001", true],
])("%s", (_name, io, parent, input, ignored) => {
  expect(ignoredHangupAtStart(io, files(parent, input))).toBe(ignored);
});

test("where there is no /proc, only the shell's word counts", () => {
  expect(ignoredHangupAtStart(plain, () => undefined)).toBe(false);
});

import { expect, test } from "vitest";
import { refuseAlteredArguments } from "./argument-bytes.ts";

test("an argument that is no UTF-8 is refused, since it would reach the command changed", () => {
  const line = Buffer.from("cat\0a\u00fffile\0", "latin1");
  expect(() => refuseAlteredArguments(["cat", line.toString("utf8", 4, 10)], () => line)).toThrow(
    /not text in UTF-8/,
  );
});

test("the replacement character itself, and everything else, goes through", () => {
  const command = ["echo", "\u{FFFD}", "ü"];
  expect(() => refuseAlteredArguments(command, () => Buffer.from(command.join("\0")))).not.toThrow();
  expect(() => refuseAlteredArguments(["echo", "\u{FFFD}"], () => undefined)).not.toThrow();
});

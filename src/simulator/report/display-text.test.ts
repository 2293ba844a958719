import fc from "fast-check";
import { expect, test } from "vitest";
import { asciiText, cellWidth, clipText, padText, visibleText, wrapText } from "./display-text.ts";

test("what would move the cursor or turn the direction is shown instead", () => {
  expect(visibleText("a\u001b[31mb\u0007\n\u202egnp\u2028")).toBe(
    "a\\u{1b}[31mb\\u{7}\\n\\u{202e}gnp\\u{2028}",
  );
  expect(visibleText("\ud800")).toBe("\u{fffd}");
  expect(visibleText("größer, 日本, שלום, 👩‍💻")).toBe("größer, 日本, שלום, 👩‍💻");
});

test("where only ASCII can be shown, everything else is named", () => {
  expect(asciiText("größer … é")).toBe("gr\\u{f6}\\u{df}er ... \\u{e9}");
});

test("cells are counted as terminals do", () => {
  expect(["abc", "日本", "e\u0301", "👍", ""].map(cellWidth)).toEqual([3, 4, 1, 2, 0]);
  expect(padText("日", 4)).toBe("日  ");
  expect([clipText("abcdef", 4, "…"), clipText("abc", 4, "…"), clipText("日本語", 4, "…")]).toEqual([
    "abc…",
    "abc",
    "日…",
  ]);
});

test("a broken text fits its lines and loses nothing but spaces", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 40 }), (text, cells) => {
      const shown = visibleText(text);
      const lines = wrapText(shown, cells);
      expect(lines.every((line) => cellWidth(line) <= cells)).toBe(true);
      expect(lines.join("").replaceAll(" ", "")).toBe(shown.replaceAll(" ", ""));
    }),
  );
});

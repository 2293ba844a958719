import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { KeyTable } from "./key-table.ts";

const MANY = 20_000;

test("a table says of each key what a map says, in whatever order keys come and come again", () => {
  const key = fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((number) => `item-${number}`),
    fc.string({ unit: "grapheme" }),
  );
  const step = fc.record({ key, value: fc.integer({ min: 1, max: 2 ** 32 - 1 }), how: fc.nat(2) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const [table, map] = [new KeyTable(), new Map<string, number>()];
      for (const { key: name, value, how } of steps) {
        const before = map.get(name) ?? 0;
        if (how === 0) {
          expect(table.get(name)).toBe(before);
          continue;
        }
        expect(how === 1 ? table.set(name, value) : setUtf8(table, name, value)).toBe(before);
        map.set(name, value);
        expect(table.size).toBe(map.size);
      }
    }),
  );
});

test("many keys are found in their order, from behind, and with strangers between them", () => {
  const table = new KeyTable();
  for (let number = 0; number < MANY; number += 1) expect(setUtf8(table, `item-${number}`, 1)).toBe(0);
  let wrong = 0;
  for (let number = 0; number < MANY; number += 1) wrong += Number(table.set(`item-${number}`, 2) !== 1);
  for (let number = MANY - 1; number >= 0; number -= 1) wrong += Number(table.set(`item-${number}`, 3) !== 2);
  for (let number = 0; number < MANY; number += 1) {
    wrong += Number(table.set(`new-${number}`, 4) !== 0);
    wrong += Number(table.get(`item-${number}`) !== 3);
    wrong += Number(table.get(`none-${number}`) !== 0);
  }
  expect({ wrong, size: table.size }).toEqual({ wrong: 0, size: 2 * MANY });
});

test("a key that comes twice in a row is found again", () => {
  const table = new KeyTable();
  for (const key of ["a", "b", "c"]) table.set(key, 1);
  expect(["a", "a", "b", "b", "c", "c"].map((key) => table.set(key, 2))).toEqual([1, 2, 1, 2, 1, 2]);
});

/** As a record has it: in the middle of other bytes. */
function setUtf8(table: KeyTable, key: string, value: number): number {
  const bytes = Buffer.from(`<<${key}>>`);
  return table.setUtf8(bytes, 2, bytes.length - 2, value);
}

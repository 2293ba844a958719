import { expect, test } from "vitest";
import { systemClock } from "../base/index.ts";
import { WriteGate } from "./write-gate.ts";

const never = new AbortController().signal;

test("a save waits for the items that are under way, and new ones wait for it", async () => {
  const gate = new WriteGate(systemClock);
  const said: string[] = [];
  let end = (): void => undefined;
  const first = gate.pass(async () => {
    await new Promise<void>((resolve) => {
      end = resolve;
    });
    said.push("first item");
  });
  const save = gate.still(never, () => Promise.resolve(said.push("save")));
  await systemClock.sleep(0);
  const second = gate.pass(() => said.push("second item"));
  end();
  await Promise.all([first, save, second]);
  expect(said).toEqual(["first item", "save", "second item"]);
});

test("an item within an item, and a save within one, do not wait for themselves", async () => {
  const gate = new WriteGate(systemClock);
  let saving: Promise<unknown> = Promise.resolve();
  const result = await gate.pass(async () => {
    saving = gate.still(never, () => Promise.resolve());
    return gate.pass(() => gate.still(never, () => Promise.resolve("done")));
  });
  await saving;
  expect(result).toBe("done");
});

import { expect, test } from "vitest";
import { systemClock } from "../../base/index.ts";
import { FakeHost, type Shelf } from "./items-host.fixture.ts";
import { DurableSteps } from "./once.ts";

test("a durable step is done once, and later lives get its result", async () => {
  const shelf: Shelf = new Map();
  let runs = 0;
  const pay = () => Promise.resolve({ receipt: (runs += 1) });
  expect(await new DurableSteps(new FakeHost(systemClock, shelf)).once("pay", pay)).toEqual({ receipt: 1 });
  const host = new FakeHost(systemClock, shelf);
  expect(await new DurableSteps(host).once("pay", pay)).toEqual({ receipt: 1 });
  expect([runs, host.commits]).toEqual([1, 0]);
});

test("a step's result is durable before it is given", async () => {
  let isDurable = false;
  const host = new FakeHost(systemClock, new Map(), {
    after: () => {
      isDurable = true;
    },
  });
  await new DurableSteps(host).once("a", () => 1);
  expect(isDurable).toBe(true);
});

test("steps that are asked for together share commits; the same key shares one run", async () => {
  const host = new FakeHost(systemClock);
  const steps = new DurableSteps(host);
  let runs = 0;
  const all = Array.from({ length: 100 }, (_, at) => steps.once(`step ${at % 50}`, async () => (runs += 1)));
  await Promise.all(all);
  expect(runs).toBe(50);
  expect(host.commits).toBeLessThanOrEqual(3);
});

test("what others do with a result changes nothing for the next who asks", async () => {
  const steps = new DurableSteps(new FakeHost(systemClock));
  const first = await steps.once("list", () => [1]);
  first.push(2);
  expect(await steps.once("list", () => [] as number[])).toEqual([1]);
});

test("a step that fails is done again by the next who asks", async () => {
  const steps = new DurableSteps(new FakeHost(systemClock));
  await expect(steps.once("a", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await steps.once("a", () => "yes")).toBe("yes");
});

test("a step that is given up because the machine is left is not recorded", async () => {
  const shelf: Shelf = new Map();
  const host = new FakeHost(systemClock, shelf);
  const steps = new DurableSteps(host);
  const running = steps.once("a", ({ signal }) => {
    queueMicrotask(() => {
      host.leaveNow(new Error("leaving"));
      host.timeIsUp();
      expect(signal.aborted).toBe(true);
    });
    return new Promise<void>(() => undefined);
  });
  await expect(running).rejects.toThrow("leaving");
  await expect(steps.once("b", () => 1)).rejects.toThrow("leaving");
  expect(shelf.size).toBe(0);
});

test("a result that cannot be kept is refused", async () => {
  const steps = new DurableSteps(new FakeHost(systemClock));
  await expect(steps.once("a", () => () => 1)).rejects.toMatchObject({ code: "bad-usage" });
});

import { describe, expect, test } from "vitest";
import { Ledger } from "./ledger.ts";

describe("the account of a training", () => {
  test("work is counted over all attempts, and what had to be done again is told apart", () => {
    const ledger = new Ledger(300);
    const hear = (...lines: readonly string[]): void => lines.forEach((line) => ledger.hear(line));
    hear(
      "beginning with 8995 handwritten digits",
      "epoch 1/1  step 100/300  loss 0.500",
      "told to stop: saved at step 120",
    );
    expect(ledger.attempts).toEqual([{ from: 0, reached: 120, saved: 120 }]);
    hear("going on after step 120", "epoch 1/1  step 200/300  loss 0.400");
    hear("going on after step 150", "epoch 1/1  step 300/300  loss 0.300  held-back digits right 96.0 %");
    hear("result: 96.0 % of the held-back digits right, weights 0123456789abcdef");
    expect(ledger.workDone).toBe(120 + 80 + 150);
    expect(ledger.repeated).toBe(50);
    expect(ledger.workDone - ledger.repeated).toBe(300);
    expect(ledger.result).toEqual({ accuracy: "96.0 %", weights: "0123456789abcdef" });
  });

  test("who waits for a step hears of it when it is reached", async () => {
    const ledger = new Ledger(300);
    const reached = ledger.reaches(40);
    ledger.hear("beginning with 8995 handwritten digits");
    ledger.hear("epoch 1/1  step  40/300  loss 0.500");
    await reached;
    await ledger.begins(1);
  });
});

import { createInterface } from "node:readline";
import { type ChainTask, runChain } from "./crash-chain.ts";
import type { Stored } from "./stored.ts";

/**
 * Runs chains of crashes, one after another: a task a line on standard input, the links of its chain a line on standard
 * output. Two of these keep two cores busy. `storedAt` opens stores as judges need them.
 */
export async function work(storedAt: (place: string) => Stored): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const links = await runChain(JSON.parse(line) as ChainTask, storedAt);
    process.stdout.write(`${JSON.stringify(links)}\n`);
  }
}

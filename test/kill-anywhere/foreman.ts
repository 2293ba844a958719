import { createInterface } from "node:readline";
import { type ChainTask, runChain } from "./crash-chain.ts";

// Runs chains of crashes, one after another: a task a line on standard input, the links of its chain a line on standard
// output. Two of these keep two cores busy.

async function work(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const links = await runChain(JSON.parse(line) as ChainTask);
    process.stdout.write(`${JSON.stringify(links)}\n`);
  }
}

void work();

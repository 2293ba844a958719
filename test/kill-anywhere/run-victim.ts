import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Setting } from "./setting.ts";
import type { VictimEvent, VictimOrder } from "./victim-order.ts";

/** Who is to die. */
export interface Victim {
  /** The victim's program. */
  readonly victim: string;
  readonly setting: Setting;
}

/** Runs a victim to its end and gives the signal or the status that it ended with. */
export function runVictim({ victim, setting }: Victim, order: VictimOrder): Promise<string> {
  const { environment: env } = setting;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [victim, JSON.stringify(order)], { env, stdio: "ignore" });
    child.on("error", reject);
    child.on("exit", (status, signal) => resolve(signal ?? `status ${status}`));
  });
}

/** What a victim has told. */
export function readJournal(journal: string): readonly VictimEvent[] {
  const lines = readFileSync(journal, { encoding: "utf8", flag: "a+" }).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as VictimEvent);
}

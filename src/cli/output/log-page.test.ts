import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { SupervisorEvent } from "../../supervisor/index.ts";

/** Every kind of event; the compiler sees to that. */
const KINDS: Readonly<Record<SupervisorEvent["kind"], true>> = {
  restoring: true,
  "checkpoint-skipped": true,
  restored: true,
  progress: true,
  "command-started": true,
  "command-ended": true,
  saved: true,
  "half-written": true,
  "save-failed": true,
  pruned: true,
  "interruption-heard": true,
  "interruption-cleared": true,
  "early-signal": true,
  "stop-planned": true,
  stopping: true,
  killed: true,
  "restart-planned": true,
  "store-trouble": true,
  "store-well": true,
  warning: true,
  "attempt-ended": true,
};

test("docs/log.md names every event of a supervisor, and every one that the run logs by itself", () => {
  const page = readFileSync("docs/log.md", "utf8");
  const rows = page.split("\n").filter((line) => line.startsWith("| `"));
  const named = new Set(
    rows
      .flatMap((line) => [...(line.split(" | ")[0] ?? "").matchAll(/`([a-z-]+)`/g)])
      .map(([, name]) => name),
  );
  const run = ["run.ts", "run-store.ts"]
    .map((file) => readFileSync(`src/cli/commands/${file}`, "utf8"))
    .join("");
  const own = [...run.matchAll(/log\.(?:info|warn|debug|event)\(\s*"([a-z-]+)"/g)].map(
    ([, name]) => name ?? "",
  );
  expect(own.length).toBeGreaterThan(10);
  expect(
    [...Object.keys(KINDS), ...own, "run-failed", "log-file-trouble"].filter((kind) => !named.has(kind)),
  ).toEqual([]);
});

import { formatBytes, formatDuration } from "../../base/index.ts";
import { type SupervisorEvent, describeExit } from "../../supervisor/index.ts";
import type { EventWords } from "./log.ts";

const info = (text: string): EventWords => ({ level: "info", text });
const warn = (text: string): EventWords => ({ level: "warn", text });

/** Says an event of the supervisor in one line. */
export function describeEvent(event: SupervisorEvent): EventWords {
  switch (event.kind) {
    case "restoring":
      return { level: "debug", text: `restoring from checkpoint ${event.from}` };
    case "checkpoint-skipped":
      return warn(`checkpoint ${event.id} cannot be used (${event.reason}): stepping back to the one before`);
    case "restored":
      return info(
        `going on from checkpoint ${event.from}: ${event.files} files, ${formatBytes(event.totalBytes)}, restored in ${formatDuration(event.durationMs)}${event.movedAside === undefined ? "" : `; what the folder held before is in ${event.movedAside}`}`,
      );
    case "progress":
      return {
        level: "debug",
        text: `progress: ${event.done}${event.total === undefined ? "" : `/${event.total}`}${event.unit === undefined ? "" : ` ${event.unit}`}`,
      };
    case "command-started":
      return { level: "debug", text: `the command runs as process ${event.pid}` };
    case "command-ended":
      return event.exit.kind === "exited" && event.exit.status === 0
        ? {
            level: "debug",
            text: `the command ${describeExit(event.exit)} after ${formatDuration(event.ranMs)}`,
          }
        : info(`the command ${describeExit(event.exit)} after ${formatDuration(event.ranMs)}`);
    case "saved": {
      const { id, files, totalBytes, storedBytes, durationMs, pausedMs, skipped, remarks } = event.checkpoint;
      const paused = pausedMs > 0 ? `, paused ${formatDuration(pausedMs)}` : "";
      const left = skipped.length > 0 ? `; without content: ${skipped.join(", ")}` : "";
      const remarked = (remarks ?? []).map((remark) => `. ${remark}`).join("");
      return info(
        `checkpoint ${id} saved (${event.reason}): ${files} files, ${formatBytes(totalBytes)}, ${formatBytes(storedBytes)} new, ${formatDuration(durationMs)}${paused}${left}${remarked}`,
      );
    }
    case "half-written": {
      const { path, checkpoint, bytes, wholeBytes } = event;
      const how = bytes < wholeBytes ? `${bytes} of ${wholeBytes} bytes` : `${bytes} bytes so far`;
      return warn(
        `${path} was being written when checkpoint ${checkpoint} was made (${how}): write beside it and rename, or save with --commit-by program`,
      );
    }
    case "save-failed":
      return warn(
        `a save did not work (${event.reason}): ${event.message} What was saved before is unharmed.`,
      );
    case "pruned":
      return {
        level: "debug",
        text: `${event.checkpoints} old checkpoints removed, ${formatBytes(event.bytes)} freed`,
      };
    case "interruption-heard":
      return warn(
        `INTERRUPTION: ${event.action} ${event.leadMs > 0 ? `in ${formatDuration(event.leadMs)}` : "now"} (${event.cause})`,
      );
    case "interruption-cleared":
      return info("the interruption was taken back: going on");
    case "early-signal":
      return info(`early warning: ${event.cause}. Saving now`);
    case "stop-planned":
      if (event.killInMs <= 0) return info("there is no time to let the command work on: ending it now");
      return info(
        `the command keeps working for ${formatDuration(Math.max(0, event.inMs))}, is then asked to stop, and killed ${formatDuration(Math.max(0, event.killInMs - event.inMs))} later`,
      );
    case "stopping":
      return info(`ending the command with ${event.signal} (${event.cause})`);
    case "killed":
      return warn(`had to kill ${event.processes.join(", ")}: ${event.why}`);
    case "restart-planned":
      return warn(
        `failure ${event.failuresUsed} of at most ${event.retries + 1}: starting the command again in ${formatDuration(event.inMs)}, from its last checkpoint`,
      );
    case "store-trouble":
      return warn(`the store does not answer; the job goes on and tries again: ${event.message}`);
    case "store-well":
      return info("the store answers again");
    case "warning":
      return warn(event.message);
    case "attempt-ended":
      return info(`attempt ended: ${event.outcome.kind} (${event.outcome.reason})`);
    default:
      return event satisfies never;
  }
}

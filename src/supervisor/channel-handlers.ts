import { SpotproofError, remainingMs } from "../base/index.ts";
import type { ChannelHandlers } from "./job-channel/channel-server.ts";
import type { Supervision } from "./supervisor.ts";

/** What the job channel of one attempt answers. */
export function channelHandlers({ parts, state, keeper, told }: Supervision): ChannelHandlers {
  const { attempt, clock, interruptions } = parts;
  return {
    interruption() {
      const interruption = interruptions.state();
      if (interruption.kind !== "interrupted") return undefined;
      told.value = true;
      const leftMs = remainingMs(clock, interruption.deadline);
      return {
        action: interruption.action,
        time: new Date(clock.wallTime() + leftMs).toISOString().replace(/\.\d+Z$/, "Z"),
        remainingMs: Math.round(leftMs),
        source: interruption.notices.map((notice) => notice.source).join(", "),
        cause: interruption.cause,
      };
    },
    async checkpoint() {
      if (keeper === undefined) {
        return {
          kind: "failed",
          error: new SpotproofError(
            "bad-usage",
            "The run has no folder to save: start it with --checkpoint <folder>.",
          ),
        };
      }
      return keeper.save("request");
    },
    progress(progress) {
      state.progress = progress;
      state.progressOfThisLife = progress;
      parts.onEvent({ kind: "progress", ...progress });
    },
    status: () => ({
      job: attempt.job,
      attempt: attempt.number,
      interruption: interruptions.state().kind,
      savesAtEnd: keeper !== undefined && parts.policy.commitBy === "spotproof",
      ...state.status(),
    }),
  };
}

import { excerpt, type MetadataItem, NOTHING, rawText, SOURCE_NAME } from "./item.ts";

/** States that take the machine away from its job: it is ended, or goes (back) to the warm pool. */
const LEAVING = new Set(["terminated", "warmed:terminated", "warmed:stopped", "warmed:hibernated"]);

/**
 * The Auto Scaling group's `autoscaling/target-lifecycle-state`: where the instance is being moved *to*. It names no time, so
 * the lead is assumed. A lifecycle hook may hold the group back for longer, but never a Spot reclaim (D20).
 */
export function lifecycleItem(assumedLeadMs: number): MetadataItem {
  return {
    name: "autoscaling/target-lifecycle-state",
    async look({ read, instanceId }) {
      const reply = await read("/latest/meta-data/autoscaling/target-lifecycle-state");
      if (reply.kind === "absent") return NOTHING;
      if (reply.kind !== "ok") return { kind: "failed", reply };
      const said = reply.body.trim().replaceAll('"', "");
      if (!/^[A-Za-z]+(:[A-Za-z]+)*$/.test(said)) {
        return {
          kind: "unreadable",
          detail: `autoscaling/target-lifecycle-state says ${excerpt(reply.body)}`,
        };
      }
      const state = said.toLowerCase();
      const id = `${SOURCE_NAME}/interruption/leave-group/${instanceId}`;
      if (!LEAVING.has(state)) {
        return { ...NOTHING, ended: new Map([[id, `autoscaling/target-lifecycle-state says ${said}`]]) };
      }
      return {
        kind: "events",
        notices: [
          {
            id,
            source: SOURCE_NAME,
            kind: "interruption",
            action: "leave-group",
            cause: `autoscaling/target-lifecycle-state says ${said}`,
            deadline: { atMs: reply.sentAtMs + assumedLeadMs },
            deadlineAssumed: true,
            raw: rawText(reply.body),
          },
        ],
      };
    },
  };
}

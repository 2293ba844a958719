import { readCloudTime } from "./cloud-time.ts";
import { excerpt, type MetadataItem, NOTHING, rawText, SOURCE_NAME } from "./item.ts";
import { readLooseJson, textField } from "./tolerant-json.ts";

/** The rebalance recommendation: the risk is raised, no moment is named, and nothing may follow. */
export const rebalanceItem: MetadataItem = {
  name: "events/recommendations/rebalance",
  async look({ read, instanceId }) {
    const reply = await read("/latest/meta-data/events/recommendations/rebalance");
    if (reply.kind === "absent") return NOTHING;
    if (reply.kind !== "ok") return { kind: "failed", reply };
    const objects = readLooseJson(reply.body) ?? [];
    const time = objects
      .map((object) => textField(object, "noticetime", "time"))
      .find((text) => text !== undefined);
    if (time === undefined && readCloudTime(reply.body) === undefined) {
      return { kind: "unreadable", detail: `events/recommendations/rebalance says ${excerpt(reply.body)}` };
    }
    const said = time ?? reply.body.trim();
    return {
      kind: "events",
      notices: [
        {
          // The moment of the notice is no part of the id: some stand-ins for the service change it at each look (D06).
          id: `${SOURCE_NAME}/early-signal/rebalance/${instanceId}`,
          source: SOURCE_NAME,
          kind: "early-signal",
          action: "terminate",
          cause: `events/recommendations/rebalance says that the risk of an interruption is raised since ${said}`,
          deadlineAssumed: false,
          time: said,
          raw: rawText(reply.body),
        },
      ],
    };
  },
};

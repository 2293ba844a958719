import type { Notice, NoticeAction } from "../../notice.ts";
import { type GoodReply, leadOf, readCloudTime } from "./cloud-time.ts";
import {
  excerpt,
  type LookContext,
  type MetadataItem,
  NOTHING,
  rawText,
  SOURCE_NAME,
  STALE_AFTER_MS,
} from "./item.ts";
import { type LooseObject, readLooseJson, textField } from "./tolerant-json.ts";

/** An event that begins later than this is only an early signal. */
const NEAR_MS = 5 * 60_000;

/** EC2 user guide, "Scheduled events for your instances". */
const ACTIONS: Readonly<Record<string, NoticeAction>> = {
  "instance-reboot": "reboot",
  "system-reboot": "reboot",
  // The host loses its network or power for a moment.
  "system-maintenance": "reboot",
  "instance-stop": "stop",
  "instance-retirement": "terminate",
};

/** Maintenance that EC2 has put into the calendar of this instance: `events/maintenance/scheduled`. */
export const scheduledEventsItem: MetadataItem = {
  name: "events/maintenance/scheduled",
  async look(context) {
    const reply = await context.read("/latest/meta-data/events/maintenance/scheduled");
    if (reply.kind === "absent") return NOTHING;
    if (reply.kind !== "ok") return { kind: "failed", reply };
    // What is said when there is no event is not documented, so nothing at all counts as an empty list.
    const objects = reply.body.trim() === "" ? [] : readLooseJson(reply.body);
    if (objects === undefined) {
      return { kind: "unreadable", detail: `events/maintenance/scheduled says ${excerpt(reply.body)}` };
    }
    const notices: Notice[] = [];
    const ended = new Map<string, string>();
    for (const object of objects) {
      const id = idOf(object);
      if (id === undefined) continue;
      const state = stateOf(object);
      if (state === "active") notices.push(noticeOf(id, object, reply, context));
      else ended.set(id, `the scheduled event is ${state}`);
    }
    return { kind: "events", notices, ended };
  },
};

/** An event that is moved to another time is another event: its new deadline may be later. */
function idOf(object: LooseObject): string | undefined {
  const code = textField(object, "code");
  const event = textField(object, "eventid") ?? code;
  if (event === undefined) return undefined;
  return `${SOURCE_NAME}/scheduled/${event}/${textField(object, "notbefore") ?? "no-date"}`;
}

function stateOf(object: LooseObject): "active" | "completed" | "canceled" {
  const said = `${textField(object, "state") ?? ""} ${textField(object, "description") ?? ""}`;
  if (/^completed|\[completed\]/i.test(said)) return "completed";
  return /^cancell?ed|\[cancell?ed\]/i.test(said) ? "canceled" : "active";
}

function noticeOf(id: string, object: LooseObject, reply: GoodReply, context: LookContext): Notice {
  const code = textField(object, "code")?.toLowerCase() ?? "an event without a code";
  const time = textField(object, "notbefore");
  const momentMs = readCloudTime(time);
  const lead = momentMs === undefined ? undefined : leadOf(momentMs, reply, context.clock);
  const known = context.known(id);
  // Its window is open and we are still here: it may strike at any moment, or hours from now. That is no deadline.
  const isOpen = lead !== undefined && lead.leadMs < -STALE_AFTER_MS && known?.kind !== "interruption";
  const deadline = lead === undefined || isOpen ? undefined : { atMs: lead.fromMs + lead.leadMs };
  const isNear = lead !== undefined && !isOpen && lead.leadMs <= NEAR_MS;
  return {
    id,
    source: SOURCE_NAME,
    kind: isNear ? "interruption" : "early-signal",
    action: ACTIONS[code] ?? "terminate",
    cause: `events/maintenance/scheduled says ${code} ${time === undefined ? "without a date" : `from ${time} on`}`,
    ...(deadline === undefined ? {} : { deadline }),
    deadlineAssumed: false,
    ...(time === undefined ? {} : { time }),
    raw: rawText(reply.body),
  };
}

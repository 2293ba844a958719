import type { Notice, NoticeAction } from "../../notice.ts";
import { type GoodReply, leadOf, readCloudTime } from "./cloud-time.ts";
import {
  excerpt,
  type LookContext,
  type MetadataItem,
  NOTHING,
  rawText,
  type Sighting,
  SOURCE_NAME,
  SPOT_LEAD_MS,
  STALE_AFTER_MS,
} from "./item.ts";
import { type LooseObject, readLooseJson, textField } from "./tolerant-json.ts";

/** A lead above this cannot be a Spot notice's: the `Date` header must be wrong, and is not used. */
const LONGEST_BELIEVABLE_LEAD_MS = 15 * 60_000;

/** What the body of a Spot item says, before any clock is asked. */
interface SpotWords {
  readonly action: string | undefined;
  readonly time: string | undefined;
}

/**
 * The two-minute notice: `spot/instance-action`, and where that is silent its predecessor `spot/termination-time`. Both tell
 * of the same event, so a termination heard from either has the same id.
 */
export const spotItem: MetadataItem = {
  name: "spot/instance-action",
  async look(context) {
    const action = await context.read("/latest/meta-data/spot/instance-action");
    if (action.kind === "ok") {
      const words = instanceActionWords(action.body);
      if (words === "none") return NOTHING;
      if (words !== undefined) return sightingOf(words, "spot/instance-action", action, context);
    } else if (action.kind !== "absent") {
      return { kind: "failed", reply: action };
    }
    const old = await context.read("/latest/meta-data/spot/termination-time");
    // "A value that is no time" is a documented way of saying that nothing is planned.
    if (old.kind === "ok" && readCloudTime(old.body) !== undefined) {
      return sightingOf({ action: "terminate", time: old.body }, "spot/termination-time", old, context);
    }
    if (action.kind === "ok") {
      return { kind: "unreadable", detail: `spot/instance-action says ${excerpt(action.body)}` };
    }
    return old.kind === "ok" || old.kind === "absent" ? NOTHING : { kind: "failed", reply: old };
  },
};

/** Undefined when the body announces nothing that could be understood; `none` when it says that nothing is planned. */
function instanceActionWords(body: string): SpotWords | "none" | undefined {
  for (const object of readLooseJson(body) ?? []) {
    const words = wordsOf(object);
    if (words !== undefined) return words;
  }
  const text = body.trim();
  if (/^none$/i.test(text)) return "none";
  if (/^(terminate|stop|hibernate)$/i.test(text)) return { action: text, time: undefined };
  return readCloudTime(text) === undefined ? undefined : { action: undefined, time: text };
}

function wordsOf(object: LooseObject): SpotWords | "none" | undefined {
  const action = textField(object, "action", "instance-action", "instanceaction");
  const time = textField(object, "time");
  if (action === undefined && time === undefined) return undefined;
  return action?.toLowerCase() === "none" ? "none" : { action, time };
}

function sightingOf(words: SpotWords, item: string, reply: GoodReply, context: LookContext): Sighting {
  const action = actionOf(words.action);
  const id = `${SOURCE_NAME}/interruption/spot-${action}/${context.instanceId}`;
  const timing = timingOf(words, action, reply, context);
  const time = words.time?.trim();
  if (timing === "stale") {
    // An event that was known before its moment passed is still the same event.
    const known = context.known(id);
    if (known !== undefined) return { kind: "events", notices: [known] };
    return { ...NOTHING, remark: `${item} names a moment that is long over (${time}); it is ignored` };
  }
  const notice: Notice = {
    id,
    source: SOURCE_NAME,
    kind: "interruption",
    action,
    cause: `${item} says ${saidAction(words.action)} ${time === undefined ? "without a time" : `at ${time}`}`,
    deadline: { atMs: timing.atMs },
    deadlineAssumed: timing.assumed,
    ...(time === undefined ? {} : { time }),
    raw: rawText(reply.body),
  };
  return { kind: "events", notices: [notice] };
}

function actionOf(said: string | undefined): NoticeAction {
  const word = said?.toLowerCase();
  return word === "stop" || word === "hibernate" ? word : "terminate";
}

function saidAction(said: string | undefined): string {
  if (said === undefined) return "an interruption without an action";
  return /^(terminate|stop|hibernate)$/i.test(said)
    ? said.toLowerCase()
    : `an unknown action ${JSON.stringify(said)}`;
}

/** When the machine may be gone; see D07 and D17 in `docs/guides/notices.md`. */
function timingOf(
  words: SpotWords,
  action: NoticeAction,
  reply: GoodReply,
  context: LookContext,
): { readonly atMs: number; readonly assumed: boolean } | "stale" {
  const firstSightMs = reply.sentAtMs;
  const momentMs = readCloudTime(words.time);
  const lead = momentMs === undefined ? undefined : leadOf(momentMs, reply, context.clock);
  if (lead !== undefined && lead.leadMs < -STALE_AFTER_MS) return "stale";
  // Hibernation begins with the notice: the two minutes do not come.
  if (action === "hibernate") return { atMs: firstSightMs, assumed: false };
  if (lead === undefined) return { atMs: firstSightMs + SPOT_LEAD_MS, assumed: true };
  if (lead.by === "service" && lead.leadMs <= LONGEST_BELIEVABLE_LEAD_MS) {
    return { atMs: lead.fromMs + lead.leadMs, assumed: false };
  }
  const cappedMs = Math.min(lead.leadMs, SPOT_LEAD_MS);
  return { atMs: lead.fromMs + cappedMs, assumed: cappedMs < lead.leadMs };
}

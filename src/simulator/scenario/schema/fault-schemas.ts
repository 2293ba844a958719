import * as v from "valibot";
import type { PlannedMetadataFault, StoreFaultKind } from "../plan.ts";
import { described, field, shape } from "./shape.ts";
import {
  duration,
  durationOrRange,
  oneOf,
  share,
  shareOrRange,
  signedDuration,
  wholeNumber,
  words,
} from "./values.ts";

/** Of a fault whose kind is not known, or that is no mapping at all. */
function kindMessage(kinds: string) {
  return (issue: v.BaseIssue<unknown>): string =>
    issue.path === undefined ? `must be a mapping with the kind of the fault: ${kinds}` : `must be ${kinds}`;
}

const aim = {
  on: field(
    words(200),
    "Which requests it befalls: token (those for a token), items (all others), all, or the ending of a path. Default: all.",
  ),
  from: field(
    duration(),
    "It begins so long after the start of the machine, or after the interruption that it belongs to. Default: 0s.",
  ),
  for: field(duration({ least: 1 }), "It lasts so long. Default: until the machine ends."),
};

const kinds = "What the metadata service does wrong.";

/** What the metadata service does wrong. */
export const metadataFaultSchema = v.variant(
  "kind",
  [
    shape({
      kind: described(
        oneOf("hang", "web-page", "garbage", "cut-off", "reset", "too-large", "no-date"),
        `${kinds} hang: takes the request and never answers. web-page: answers 200 with a web page. garbage: answers what is no HTTP. cut-off: half an answer. reset: breaks the connection. too-large: an answer of a megabyte. no-date: no Date header.`,
      ),
      ...aim,
    }),
    shape({
      kind: described(v.literal("status"), `${kinds} status: answers with that status.`),
      status: described(wholeNumber(200, 599), "The status, such as 401, 403, 404 or 503."),
      ...aim,
    }),
    shape({
      kind: described(v.literal("slow"), `${kinds} slow: answers rightly, but late.`),
      delay: described(duration(), "How much later an answer comes."),
      ...aim,
    }),
    shape({
      kind: described(v.literal("date-skew"), `${kinds} date-skew: the Date header, and it alone, is wrong.`),
      ahead: described(signedDuration(), "By how much the header is ahead; -5m: behind."),
      ...aim,
    }),
  ],
  kindMessage("status, slow, hang, web-page, garbage, cut-off, reset, too-large, no-date or date-skew"),
);

/** What was written about a fault, as the plan has it. */
export function plannedFault(fault: v.InferOutput<typeof metadataFaultSchema>): PlannedMetadataFault {
  const { kind, on, from = 0, for: forMs } = fault;
  return {
    kind,
    ...(kind === "status" ? { status: fault.status } : {}),
    ...(kind === "slow" ? { ms: fault.delay } : {}),
    ...(kind === "date-skew" ? { ms: fault.ahead } : {}),
    ...(on === undefined ? {} : { on }),
    fromMs: from,
    ...(forMs === undefined ? {} : { forMs }),
  };
}

/** When something happens: one of the three. */
export const momentEntries = {
  at: field(
    shareOrRange(),
    "When the job has done this share of its work, such as 25%, or two shares to draw between. Give one of at, after and time.",
  ),
  after: field(durationOrRange(), "When the job has worked so long, lost work not counted. Instead of at."),
  time: field(durationOrRange(), "So long after the beginning of the rehearsal. Instead of at."),
};

const trouble = {
  ...momentEntries,
  for: described(durationOrRange({ least: 1 }), "How long it lasts; two times to draw between."),
  share: field(share(), "The share of the store's calls that it befalls. Default: 100%."),
};

/** How the store misbehaves for a while. */
export const storeFaultSchema = v.variant(
  "kind",
  [
    shape({
      kind: v.pipe(
        v.picklist(["timeout", 500, 503, 409, 412, "full", "500", "503", "409", "412"]),
        v.description(
          "How the store misbehaves. timeout: no answer. 500, 503: refused with that status. 409: a create fails as if another were under way. 412: a create that worked is told that the object exists. full: no room.",
        ),
        v.transform((kind) => String(kind) as Exclude<StoreFaultKind, "slow">),
      ),
      ...trouble,
    }),
    shape({
      kind: described(v.literal("slow"), "How the store misbehaves. slow: calls take longer."),
      delay: described(durationOrRange(), "How much longer a call takes."),
      ...trouble,
    }),
  ],
  kindMessage("timeout, 500, 503, 409, 412, slow or full"),
);

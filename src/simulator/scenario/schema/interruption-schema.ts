import * as v from "valibot";
import { metadataFaultSchema, momentEntries } from "./fault-schemas.ts";
import { described, field, list, shape } from "./shape.ts";
import { duration, durationOrRange, oneOf, share, signedDuration, wholeNumber } from "./values.ts";

/** The longest lead that can be announced: one hour. */
const LONGEST_LEAD = { most: 3_600_000 };

const NO_NOTICE = v.literal("none", 'must be a duration, or "none"');

/** A lead, two to draw between, or none at all. */
function lead() {
  return v.union(
    [NO_NOTICE, durationOrRange(LONGEST_LEAD)],
    "must be a duration of at most one hour such as 120s, two to draw between such as [5s, 30s], or none",
  );
}

const zombieSchema = shape({
  paused: field(
    durationOrRange({ least: 1 }),
    "How long the machine stands still. A successor takes over when the lease (30 s) has run out. Default: 150s.",
  ),
  awake: field(durationOrRange({ least: 1 }), "How long it goes on before it ends at last. Default: 30s."),
});

const flapsSchema = shape({
  times: described(wholeNumber(1, 20), "How many successors are taken away again."),
  life: described(durationOrRange(), "How long each of them lives."),
});

/** One entry of the timetable. */
export const interruptionSchema = shape({
  ...momentEntries,
  lead: field(
    lead(),
    "From the notice to the end; two times to draw between; none: without notice. Default: what the cloud gives (aws 120s, gcp 30s, azure 30s); 0s for a hibernation; none for a zombie, and where nothing ends or is taken back.",
  ),
  action: field(
    oneOf("terminate", "stop", "hibernate"),
    "What the notice announces. hibernate is AWS's alone: the notice comes, the two minutes do not. Default: terminate.",
  ),
  via: field(
    oneOf("metadata", "sigterm", "both"),
    "Where the notice is heard: by the metadata service, by a SIGTERM to the machine's first process, or both. Default: metadata.",
  ),
  rebalance: field(
    v.union(
      [v.literal("together"), v.literal("alone"), durationOrRange(LONGEST_LEAD)],
      "must be a duration of at most one hour such as 60s, two to draw between, together or alone",
    ),
    "A rebalance recommendation (AWS) so long before the notice, or together with it; alone: nothing follows. Default: none.",
  ),
  "cancelled-after": field(
    durationOrRange(),
    "The notice is taken back so long after it was given, and nothing ends. Shorter than the lead. Default: it is not.",
  ),
  ends: field(
    oneOf("machine", "zone", "nothing", "zombie", "hibernation"),
    "What goes away. zone: every machine of the zone. zombie: the machine stands still, its successor starts, it wakes up again. hibernation: the machine stands still and goes on later. Default: machine; nothing after a notice that is taken back; hibernation with action: hibernate.",
  ),
  zombie: field(zombieSchema, "For ends: zombie."),
  capacity: field(
    durationOrRange(),
    "From the end of the machine to the start of its successor, for this interruption. Default: the scenario's capacity.",
  ),
  flaps: field(flapsSchema, "The successors are taken away again, without notice. Default: they are not."),
  "during-write": field(
    v.boolean("must be true or false"),
    "Wait for a moment at which a file of the checkpoint folder is being written, for at most a twentieth of the job's own time. Default: false.",
  ),
  "clock-jump": field(
    signedDuration(),
    "The metadata service's clock jumps by so much; -1h: back. Default: it does not.",
  ),
  faults: field(
    list(metadataFaultSchema, 50),
    "What the metadata service of this machine does wrong, from this interruption's moment on.",
  ),
});

const weight = (what: string) => field(wholeNumber(0, 1000), what);

/** Interruptions that are drawn. */
export const randomSchema = shape({
  interruptions: field(
    wholeNumber(1, 100),
    "How many there are, anywhere in the job's work. Give either this or every.",
  ),
  between: field(
    v.strictTuple([share(), share()], "must be two shares such as [5%, 95%]"),
    "With interruptions: the part of the work in which they lie. Default: [5%, 95%].",
  ),
  every: field(
    duration({ least: 1000 }),
    "The mean time of work between two: they come at random, without memory. Instead of interruptions.",
  ),
  first: field(duration(), "With every: none comes before so much work. Default: 0s."),
  leads: field(
    shape({
      normal: weight("With the cloud's usual lead."),
      short: weight("With short-lead."),
      none: weight("Without notice."),
      cancelled: weight("Announced with the usual lead and taken back."),
    }),
    "How often each kind of notice comes, in comparison with the others. Default: normal alone.",
  ),
  "short-lead": field(durationOrRange(LONGEST_LEAD), "What a short lead is. Default: [5s, 30s]."),
  rebalance: field(share(), "AWS: the share of them that a rebalance recommendation precedes. Default: 0%."),
  "rebalance-before": field(
    durationOrRange(LONGEST_LEAD),
    "How long before the notice it comes. Default: [0s, 120s].",
  ),
});

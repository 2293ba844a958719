import * as v from "valibot";
import { metadataFaultSchema, storeFaultSchema } from "./fault-schemas.ts";
import { interruptionSchema, randomSchema } from "./interruption-schema.ts";
import { described, field, list, shape } from "./shape.ts";
import { duration, durationOrRange, oneOf, signedDuration, wholeNumber, words } from "./values.ts";

const ZONE = /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
const A_ZONE = "must be the name of a zone: a letter such as a, or a name such as us-east-1a";

const fleetSchema = shape({
  machines: field(
    wholeNumber(1, 10),
    "How many machines a job under Spotproof has at the same time: one works, the others stand by. Default: 1.",
  ),
  zones: field(
    v.pipe(
      v.array(v.pipe(v.string(A_ZONE), v.regex(ZONE, A_ZONE)), "must be a list of zones such as [a, b]"),
      v.minLength(1, "must name at least one zone"),
      v.maxLength(20, "has too many entries: 20 are the most"),
    ),
    "The machines are spread over these zones in turn. Default: [a, b].",
  ),
});

const metadataSchema = shape({
  tokens: field(
    oneOf("required", "optional"),
    "AWS: whether a request without a token is refused with 401 (IMDSv2 only). Default: required.",
  ),
  "hop-limit": field(
    oneOf("ok", "too-low"),
    "AWS: too-low: a request for a token is never answered, as in a container with the default hop limit. Default: ok.",
  ),
  clock: field(
    signedDuration(),
    "How far the service's clock is ahead of the machine's; -5m: behind. Default: 0s.",
  ),
  faults: field(
    list(metadataFaultSchema, 50),
    "What the service of every machine does wrong, from its start on.",
  ),
});

const traceSchema = shape({
  file: described(words(1000), "A JSON file with gap_seconds and data; relative to the scenario."),
  from: field(wholeNumber(0, 10_000_000), "The first tick that is replayed. Default: 0."),
  ticks: field(wholeNumber(1, 10_000_000), "How many are. Default: all."),
  need: field(
    wholeNumber(1, 100_000),
    "So many instances must be available, or a machine is taken away. Default: 1.",
  ),
  lead: field(
    v.union(
      [v.literal("none"), durationOrRange({ most: 3_600_000 })],
      "must be a duration of at most one hour such as 120s, two to draw between such as [5s, 30s], or none",
    ),
    "From the notice to the end. Default: what the cloud gives.",
  ),
});

const limitsSchema = shape({
  machines: field(wholeNumber(1, 1000), "The rehearsal gives up after so many machines. Default: 20."),
  time: field(duration({ least: 1000 }), "The rehearsal gives up after so long. Default: 12h."),
});

/** A scenario as people write it. */
export const scenarioSchema = v.pipe(
  shape({
    $schema: field(
      v.string("must be an address"),
      "Where a JSON file names its schema; nothing else looks at it.",
    ),
    name: described(words(60), "What reports call it."),
    description: field(words(500), "What it is about, in a sentence."),
    cloud: field(oneOf("aws", "gcp", "azure"), "Whose metadata service the machines have. Default: aws."),
    fleet: field(fleetSchema, "The machines."),
    capacity: field(
      durationOrRange(),
      "From the end of a machine to the start of its successor; two times to draw between. Default: [30s, 60s].",
    ),
    metadata: field(metadataSchema, "How the metadata service of every machine behaves."),
    interruptions: field(list(interruptionSchema, 100), "The timetable."),
    random: field(
      randomSchema,
      "Interruptions that are drawn from the seed. They come beside the timetable.",
    ),
    store: field(list(storeFaultSchema, 100), "Times at which the store misbehaves."),
    trace: field(traceSchema, "A recorded availability that is replayed. They come beside the timetable."),
    limits: field(limitsSchema, "Where the rehearsal gives up."),
  }),
  v.title("Scenario of a spotproof rehearsal"),
  v.description("Who is taken away when, how it is announced, and what goes wrong besides."),
);

/** What was written, with ms and shares in place of words. */
export type WrittenScenario = v.InferOutput<typeof scenarioSchema>;
/** One entry of the timetable, as written. */
export type WrittenInterruption = v.InferOutput<typeof interruptionSchema>;

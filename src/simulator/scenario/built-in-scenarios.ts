/** A scenario that comes with Spotproof, as its author would have written it to a file. */
export interface BuiltInScenario {
  readonly name: string;
  /** YAML. */
  readonly text: string;
}

// Moments are shares of the job's work, so that each of them fits a job of any length. A short job is rehearsed so fast that two
// minutes take three seconds (`speed.ts`), in which a job of ten seconds does a quarter of its work: what follows on a long lead
// keeps that distance, and the last one comes early enough to end a machine before the job is done.

const GENTLE = `# Warnings only: nothing is taken away.
name: gentle
description: A recommendation, a short time without metadata, and an interruption that is taken back. Nothing ends.
interruptions:
  - at: [15%, 25%]
    rebalance: alone
  - at: [40%, 50%]
    ends: nothing
    faults:
      - { kind: status, status: 503, for: 30s }
  - at: [65%, 75%]
    lead: 120s
    cancelled-after: 30s
`;

const TYPICAL = `# What a Spot machine usually brings: two minutes' notice, and a new machine soon after.
name: typical
description: Three interruptions with the usual notice, the first after a rebalance recommendation.
capacity: [30s, 60s]
interruptions:
  - at: [12%, 16%]
    rebalance: 30s
    lead: 120s
  - at: [43%, 47%]
    lead: 120s
  - at: [69%, 73%]
    lead: 120s
`;

const HARSH = `# Everything that is rare elsewhere, in one job.
name: harsh
description: Short and missing notices, metadata that cannot be trusted, capacity that flaps, a troubled store, a whole zone at once.
fleet: { machines: 2, zones: [a, a, b] }
capacity: [20s, 60s]
interruptions:
  - at: [8%, 11%]             # the recommendation and the notice come together, among refused requests
    rebalance: together
    lead: 120s
    faults:
      - { kind: status, status: 503, for: 10s }
  - at: [34%, 38%]            # no notice; the next two machines are taken away again
    lead: none
    flaps: { times: 2, life: [5s, 20s] }
  - at: [44%, 48%]            # much less than two minutes
    lead: [20s, 40s]
    via: both
  - at: [55%, 59%]            # the clock of the service jumps, its answers are garbage and then late
    clock-jump: 1h
    lead: 60s
    faults:
      - { kind: garbage, for: 10s }
      - { kind: slow, delay: 10s, from: 10s }
  - at: [70%, 74%]            # the whole zone
    lead: none
    ends: zone
  - at: [84%, 88%]            # in the middle of a write
    lead: [20s, 40s]
    during-write: true
store:
  - { kind: 503, at: [26%, 30%], for: 60s, share: 50% }
  - { kind: slow, at: [60%, 64%], for: 60s, delay: 5s }
limits: { machines: 30, time: 12h }
`;

const NO_NOTICE = `# What a crash, or a notice that nobody hears, looks like.
name: no-notice
description: Three machines vanish without any notice.
capacity: [30s, 60s]
interruptions:
  - { at: [22%, 28%], lead: none }
  - { at: [52%, 58%], lead: none }
  - { at: [82%, 88%], lead: none }
`;

const ZOMBIE = `# A machine that was taken for dead comes back, while its successor works.
name: zombie
description: The machine stands still, its successor starts, and then it wakes up again. Twice.
capacity: [5s, 15s]
interruptions:
  - at: [32%, 38%]
    ends: zombie
    zombie: { paused: [150s, 180s], awake: 30s }   # a lease is 30 s
  - at: [67%, 73%]
    ends: zombie
    zombie: { paused: [150s, 180s], awake: 30s }
`;

const FAMINE = `# Capacity goes away and does not come back for a long time.
name: famine
description: Two interruptions with the usual notice, each followed by ten minutes and more without capacity.
interruptions:
  - at: [27%, 33%]
    lead: 120s
    capacity: [10m, 11m]
  - at: [62%, 68%]
    lead: 120s
    capacity: [11m, 12m]
`;

const BLIND = `# As in a container with the default hop limit: notices are given, and cannot be read.
name: blind
description: The metadata service never answers. Machines go away, and the notices that were given were heard by nobody.
metadata:
  tokens: required
  hop-limit: too-low
  faults:
    - { kind: hang, on: items }
capacity: [30s, 60s]
interruptions:
  - { at: [13%, 17%], lead: 120s }
  - { at: [48%, 52%], lead: 120s }   # as no notice is heard, the job works on for two minutes after each of them
`;

/** The scenarios that can be named without a file, the mildest first. */
export const builtInScenarios: readonly BuiltInScenario[] = [
  { name: "gentle", text: GENTLE },
  { name: "typical", text: TYPICAL },
  { name: "harsh", text: HARSH },
  { name: "no-notice", text: NO_NOTICE },
  { name: "zombie", text: ZOMBIE },
  { name: "famine", text: FAMINE },
  { name: "blind", text: BLIND },
];

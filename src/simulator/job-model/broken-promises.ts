import { type CheckpointId, type JobName, idParts } from "../../base/index.ts";
import { type ClaimRecord, type HeartbeatRecord, type OutcomeRecord, lineageAfter } from "../../job/index.ts";
import { checkpointsPrefix } from "../../store/index.ts";
import type { StoreEffect } from "../simulated-store.ts";
import type { Told } from "./model-machine.ts";

/** A run of the model, when it is over. */
export interface ModelRecord {
  readonly job: JobName;
  readonly leaseMs: number;
  readonly effects: readonly StoreEffect[];
  readonly told: readonly Told[];
  /** Machines that were never paused, and never lost a packet. */
  readonly healthy: ReadonlySet<string>;
}

interface Written<T> {
  readonly at: number;
  readonly atMs: number;
  readonly machine: string;
  readonly record: T;
}

/** What the effects say, by attempt. */
interface Facts {
  readonly claims: ReadonlyMap<number, Written<ClaimRecord>>;
  readonly outcomes: ReadonlyMap<number, Written<OutcomeRecord>>;
  readonly beats: readonly Written<HeartbeatRecord>[];
  readonly manifests: ReadonlyMap<CheckpointId, number>;
}

/** Looks for promises of the job protocol that a run has broken; each as a sentence. None when all were kept. */
export function brokenPromises(run: ModelRecord): readonly string[] {
  const facts = gather(run);
  return [
    ...order(facts),
    ...lineages(run, facts),
    ...leases(run, facts),
    ...fencing(run, facts),
    ...completions(run, facts),
  ];
}

function gather(run: ModelRecord): Facts {
  const claims = new Map<number, Written<ClaimRecord>>();
  const outcomes = new Map<number, Written<OutcomeRecord>>();
  const beats: Written<HeartbeatRecord>[] = [];
  const manifests = new Map<CheckpointId, number>();
  for (const [at, effect] of run.effects.entries()) {
    if (!effect.created || effect.text === "" || effect.operation === "remove") {
      const isManifest = effect.created && effect.key.startsWith(checkpointsPrefix(run.job));
      if (isManifest) manifests.set(effect.key.slice(-18, -5) as CheckpointId, at);
      continue;
    }
    const { atMs, machine, key } = effect;
    const record: unknown = JSON.parse(effect.text);
    const number = Number(/attempts\/(\d+)\//.exec(key)?.[1]);
    if (key.endsWith("claim.json")) claims.set(number, { at, atMs, machine, record: record as ClaimRecord });
    else if (key.endsWith("outcome.json"))
      outcomes.set(number, { at, atMs, machine, record: record as OutcomeRecord });
    else if (key.endsWith("heartbeat.json"))
      beats.push({ at, atMs, machine, record: record as HeartbeatRecord });
  }
  return { claims, outcomes, beats, manifests };
}

function order({ claims, outcomes }: Facts): readonly string[] {
  const broken: string[] = [];
  for (const [number, claim] of claims) {
    const before = outcomes.get(number - 1);
    if (number > 1 && (before === undefined || before.at > claim.at)) {
      broken.push(`P2: attempt ${number} was claimed before attempt ${number - 1} had an outcome`);
    }
  }
  return broken;
}

/** J1, and that acknowledged saves are seen by all later attempts. */
function lineages({ told }: ModelRecord, { claims, manifests }: Facts): readonly string[] {
  const broken: string[] = [];
  const records = new Map([...claims].map(([number, claim]) => [number, claim.record]));
  const present = [...manifests.keys()];
  const seenBy = new Map<string, readonly CheckpointId[]>();
  for (const [number, claim] of records) {
    const all = lineageAfter(claim, records, present);
    seenBy.set(
      `${number}, by the records`,
      all.filter((id) => idParts(id).attempt < number),
    );
  }
  for (const each of told) {
    if (each.kind === "claimed") seenBy.set(`${each.attempt.number}, as told`, each.attempt.lineage);
  }
  for (const [who, seen] of seenBy) {
    const number = Number.parseInt(who, 10);
    for (const id of seen) {
      const next = claims.get(idParts(id).attempt + 1);
      if (next !== undefined && (manifests.get(id) ?? 0) > next.at) {
        broken.push(
          `J1: attempt ${who} sees ${id}, which was written after attempt ${next.record.attempt} was claimed`,
        );
      }
    }
    for (const save of told) {
      if (save.kind === "acknowledged" && save.attempt < number && !seen.includes(save.id as CheckpointId)) {
        broken.push(`C5: attempt ${who} does not see ${save.id}, which was acknowledged`);
      }
    }
  }
  return broken;
}

/** J2: whoever was ended by another had been silent for a lease; who is healthy never is. */
function leases({ leaseMs, healthy }: ModelRecord, { claims, outcomes, beats }: Facts): readonly string[] {
  const broken: string[] = [];
  for (const [number, outcome] of outcomes) {
    const claim = claims.get(number);
    if (claim === undefined || outcome.record.endedBy === claim.record.token) continue;
    const signs = beats.filter((beat) => beat.record.attempt === number && beat.at < outcome.at);
    const moments = [claim.atMs, ...signs.map((beat) => beat.atMs), outcome.atMs];
    const longestMs = Math.max(...moments.slice(1).map((moment, i) => moment - (moments[i] ?? 0)));
    if (longestMs < leaseMs) {
      broken.push(`J2: attempt ${number} was ended after a silence of only ${longestMs} ms`);
    }
    if (healthy.has(claim.machine))
      broken.push(`J2: attempt ${number}, in good health, was ended by another`);
  }
  return broken;
}

/** J3: who was ended by another learns it with its next call, and nobody ends or acknowledges after that. */
function fencing({ told }: ModelRecord, { claims, outcomes }: Facts): readonly string[] {
  const broken: string[] = [];
  for (const each of told) {
    if (each.kind === "validity" && each.validity === "valid") {
      const outcome = outcomes.get(each.attempt);
      if (outcome !== undefined && outcome.at < each.askedAt) {
        broken.push(`J3: attempt ${each.attempt} was told that it is valid after its outcome was there`);
      }
    }
    if (each.kind === "ended") {
      const { number, token } = each.attempt;
      const outcome = outcomes.get(number);
      const isOurs = outcome?.record.endedBy === token && outcome.record.kind === each.as;
      if ((each.validity === "valid") !== isOurs) {
        broken.push(
          `J3: attempt ${number} was told "${each.validity}" for its end, and the store says otherwise`,
        );
      }
    }
    if (each.kind === "claimed" && claims.get(each.attempt.number)?.record.token !== each.attempt.token) {
      broken.push(`K02: attempt ${each.attempt.number} was given to two machines`);
    }
  }
  return broken;
}

/** J4: one completion at most, and nothing after it. */
function completions({ effects }: ModelRecord, { outcomes, claims }: Facts): readonly string[] {
  const broken: string[] = [];
  const completed = [...outcomes.values()].filter((outcome) => outcome.record.kind === "completed");
  if (completed.length > 1) broken.push("J4: the job was completed twice");
  for (const { record } of completed) {
    if (claims.has(record.attempt + 1)) broken.push("J4: the job was claimed again after its completion");
  }
  const created = effects.filter((effect) => effect.created && /(claim|outcome)\.json$/.test(effect.key));
  if (new Set(created.map((effect) => effect.key)).size !== created.length) {
    broken.push("J4: a claim or an outcome was written twice");
  }
  return broken;
}

import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AttemptNumber, type CheckpointId, checkpointId, idParts } from "../base/index.ts";
import { type ClaimedFrom, lineageAfter } from "./lineage.ts";

const id = (attempt: number, sequence: number): CheckpointId =>
  checkpointId(attempt as AttemptNumber, sequence);
const claim = (attempt: number, resumesFrom: CheckpointId | null): ClaimedFrom => ({
  attempt: attempt as AttemptNumber,
  resumesFrom,
});
const byNumber = (...claims: ClaimedFrom[]): ReadonlyMap<number, ClaimedFrom> =>
  new Map(claims.map((each) => [each.attempt, each]));

describe("a lineage", () => {
  test("of a first attempt is its own checkpoints, newest first", () => {
    const first = claim(1, null);
    expect(lineageAfter(first, byNumber(first), [id(1, 1), id(1, 3), id(1, 2)])).toEqual([
      id(1, 3),
      id(1, 2),
      id(1, 1),
    ]);
  });

  test("J1: leaves out what an attempt wrote after its successor had claimed", () => {
    const claims = [claim(1, null), claim(2, id(1, 2)), claim(3, id(2, 1))] as const;
    const present = [id(1, 1), id(1, 2), id(1, 3), id(2, 1), id(2, 2), id(3, 1)];
    expect(lineageAfter(claims[2], byNumber(...claims), present)).toEqual([
      id(3, 1),
      id(2, 1),
      id(1, 2),
      id(1, 1),
    ]);
  });

  test("skips attempts that made no checkpoint, and follows the claims on", () => {
    const claims = [claim(1, null), claim(2, id(1, 2)), claim(3, id(1, 2))] as const;
    expect(lineageAfter(claims[2], byNumber(...claims), [id(1, 1), id(1, 2), id(1, 3)])).toEqual([
      id(1, 2),
      id(1, 1),
    ]);
  });

  test("is whole although the checkpoint that a claim names was pruned", () => {
    const claims = [claim(1, null), claim(2, id(1, 5))] as const;
    expect(lineageAfter(claims[1], byNumber(...claims), [id(1, 3), id(1, 6)])).toEqual([id(1, 3)]);
  });

  test("ends where an attempt began from nothing", () => {
    const claims = [claim(1, null), claim(2, null)] as const;
    expect(lineageAfter(claims[1], byNumber(...claims), [id(1, 1), id(2, 1)])).toEqual([id(2, 1)]);
  });

  test("ends although a damaged claim names itself or a later attempt", () => {
    const claims = [claim(1, id(2, 1)), claim(2, id(1, 1)), claim(3, id(3, 1))] as const;
    expect(lineageAfter(claims[1], byNumber(...claims), [id(1, 1), id(2, 1)])).toEqual([id(2, 1), id(1, 1)]);
    expect(lineageAfter(claims[2], byNumber(...claims), [id(3, 1)])).toEqual([id(3, 1)]);
  });
});

/** A job's life as it happens: attempts save and are succeeded, and some go on to save afterwards. */
interface Life {
  readonly inTime: number;
  readonly late: number;
}

test("J1: property: the lineage holds every checkpoint made in time, no late one, newest first", () => {
  const life = fc.record({ inTime: fc.integer({ min: 0, max: 4 }), late: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(
      fc.array(life, { minLength: 1, maxLength: 8 }),
      fc.infiniteStream(fc.nat()),
      (lives: Life[], order) => {
        const claims = new Map<number, ClaimedFrom>();
        const inTime: CheckpointId[] = [];
        const present: CheckpointId[] = [];
        for (const [index, { inTime: made, late }] of lives.entries()) {
          const number = index + 1;
          claims.set(number, claim(number, inTime.at(-1) ?? null));
          for (let sequence = 1; sequence <= made + late; sequence += 1) {
            present.push(id(number, sequence));
            if (sequence <= made || number === lives.length) inTime.push(id(number, sequence));
          }
        }
        const latest = claims.get(lives.length);
        if (latest === undefined) return;
        const ranked = present.map((each) => ({ each, rank: order.next().value ?? 0 }));
        const shuffled = ranked.sort((a, b) => a.rank - b.rank).map(({ each }) => each);
        expect(lineageAfter(latest, claims, shuffled)).toEqual([...inTime].reverse());
      },
    ),
  );
});

test("J1: property: pruning only ever takes checkpoints away from a lineage, and never adds one", () => {
  const pair = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(
      fc.uniqueArray(pair, { selector: String }),
      fc.array(fc.option(pair), { maxLength: 6 }),
      fc.func(fc.boolean()),
      (all, from, keep) => {
        const claims = new Map(
          from.map((each, i) => [i + 1, claim(i + 1, each === null ? null : id(each[0], each[1]))]),
        );
        const latest = claims.get(from.length) ?? claim(1, null);
        const present = all.map(([attempt, sequence]) => id(attempt, sequence));
        const whole = lineageAfter(latest, claims, present);
        const pruned = lineageAfter(
          latest,
          claims,
          present.filter((each) => keep(each)),
        );
        expect(pruned).toEqual(whole.filter((each) => keep(each)));
        expect(whole.map((each) => idParts(each).attempt)).toEqual(
          whole.map((each) => idParts(each).attempt).sort((a, b) => b - a),
        );
      },
    ),
  );
});

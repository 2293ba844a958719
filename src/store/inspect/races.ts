import type { Clock } from "../../base/index.ts";
import type { Store } from "../store.ts";
import { type RoundEnd, judgeRound } from "./judge-round.ts";
import { INSPECTION_PREFIX, type ProbeArea, shortReason } from "./probe-area.ts";
import type { InspectedPlace, OpenedPlace, Racer } from "./place.ts";
import { localRacer } from "./racer.ts";
import type { Finding } from "./report.ts";

// Whether create-if-absent is atomic here (K16), tried with racing writers that share nothing but the store.

const RACERS = 4;
/** Objects that the racers of one process each are sent to at once: whoever is late for one may be early for the next. */
const KEYS_AT_ONCE = 8;
const ROUNDS_WITHIN = 40;
const ROUNDS_BETWEEN = 96;
/** No part of this check begins another round after this, in ms. */
const PART_MS = 8000;
/** With fewer rounds the races say little. */
const FEWEST_ROUNDS = 16;

/** What the check works with. */
export interface RacesParts {
  readonly place: InspectedPlace;
  /** Already open. */
  readonly store: Store;
  readonly area: ProbeArea;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** A limit for each call of the stores that are opened. */
  readonly limited: (store: Store) => Store;
}

type Ends = Readonly<Record<RoundEnd, number>>;

const NO_ENDS: Ends = {
  "one-won": 0,
  "several-won": 0,
  overwritten: 0,
  "nobody-won": 0,
  unseen: 0,
  unclear: 0,
};

interface Visibility {
  readonly tried: number;
  readonly unread: number;
  readonly unlisted: number;
  /** Late writers that were not told that the object exists, or that have changed it. */
  readonly lateNotTold: number;
}

/** Lets writers race: several instances of the store within this process, then several processes. */
export async function checkRaces(parts: RacesParts): Promise<Finding> {
  const { place, signal, limited } = parts;
  const opened: OpenedPlace[] = [];
  try {
    for (let count = 0; count < RACERS; count += 1) opened.push(await place.open("read", signal));
    const stores = opened.map(({ store }) => limited(store));
    const racers = stores.map((store, racer) => localRacer(`instance ${racer + 1}`, store, signal));
    const within = await race(racers, "within", { keysAtOnce: 1, rounds: ROUNDS_WITHIN }, parts);
    const visibility = await tryVisibility(stores, parts);
    const between = await raceBetweenProcesses(parts);
    return describe({ within, between, visibility });
  } finally {
    await Promise.allSettled(opened.map(async (one) => one.close?.()));
  }
}

type BetweenProcesses = { readonly ends: Ends } | { readonly notMade: string };

async function raceBetweenProcesses(parts: RacesParts): Promise<BetweenProcesses> {
  const { place, signal } = parts;
  if (place.startRacers === undefined) return { notMade: "no other process can open this store" };
  let racers: readonly Racer[];
  try {
    racers = await place.startRacers(RACERS, signal);
  } catch (error) {
    signal.throwIfAborted();
    return { notMade: shortReason(error) };
  }
  try {
    const size = { keysAtOnce: KEYS_AT_ONCE, rounds: ROUNDS_BETWEEN };
    return { ends: await race(racers, "between", size, parts) };
  } catch (error) {
    signal.throwIfAborted();
    return { notMade: shortReason(error) };
  } finally {
    await Promise.all(racers.map((racer) => racer.close()));
  }
}

/** Sends racers to the same fresh objects until enough rounds were made, or the time is over. */
async function race(
  racers: readonly Racer[],
  name: string,
  size: { readonly keysAtOnce: number; readonly rounds: number },
  { store, area, clock, signal }: RacesParts,
): Promise<Ends> {
  const ends: Record<RoundEnd, number> = { ...NO_ENDS };
  const untilMs = clock.now() + PART_MS;
  for (let round = 0; round < size.rounds && clock.now() < untilMs; round += size.keysAtOnce) {
    signal.throwIfAborted();
    const keys = Array.from({ length: size.keysAtOnce }, (_, i) => area.key(`race-${name}-${round + i}`));
    // Each begins at another of the objects, so that no racer is always the first to send.
    const orders = racers.map((_, racer) => rotated(keys, racer * Math.ceil(keys.length / racers.length)));
    await Promise.all(racers.map((racer, number) => racer.prepare(orders[number] ?? keys)));
    const answers = await Promise.all(racers.map((racer) => racer.go()));
    const seen = await Promise.all(racers.map((racer) => racer.look(keys)));
    keys.forEach((key, place) => {
      const end = judgeRound({
        racers: racers.map((racer) => racer.name),
        answers: answers.map((of, racer) => of[orders[racer]?.indexOf(key) ?? place] ?? { failed: "" }),
        seen: seen.map((of) => of[place] ?? null),
      });
      ends[end] += 1;
    });
    await Promise.allSettled(keys.map((key) => area.remove(store, key, { signal })));
  }
  return ends;
}

function rotated<Item>(items: readonly Item[], by: number): readonly Item[] {
  const start = by % Math.max(1, items.length);
  return [...items.slice(start), ...items.slice(0, start)];
}

/**
 * What one instance has created, another must read and list at once, though it had looked before and found nothing; and a
 * late writer must be told that the object exists.
 */
async function tryVisibility(
  stores: readonly Store[],
  { area, clock, signal, store }: RacesParts,
): Promise<Visibility> {
  const result = { tried: 0, unread: 0, unlisted: 0, lateNotTold: 0 };
  const untilMs = clock.now() + PART_MS;
  for (let round = 0; round < ROUNDS_WITHIN && clock.now() < untilMs; round += 1) {
    const key = area.key(`seen-${round}`);
    const writer = stores[round % stores.length] ?? store;
    const reader = stores[(round + 1) % stores.length] ?? store;
    await reader.read(key, { signal });
    if ((await writer.create(key, [Buffer.from("first")], { signal })) !== "created") continue;
    const [seen, listed] = await Promise.all([
      reader.read(key, { signal }),
      reader.list(INSPECTION_PREFIX, { signal }),
    ]);
    const late = await reader.create(key, [Buffer.from("late")], { signal });
    const after = await writer.read(key, { signal });
    result.tried += 1;
    if (seen?.toString() !== "first") result.unread += 1;
    if (!listed.some((object) => object.key === key)) result.unlisted += 1;
    if (late !== "exists" || after?.toString() === "late") result.lateNotTold += 1;
    await area.remove(store, key, { signal });
  }
  return result;
}

interface Races {
  readonly within: Ends;
  readonly between: BetweenProcesses;
  readonly visibility: Visibility;
}

function describe({ within, between, visibility }: Races): Finding {
  const ends = "ends" in between ? between.ends : NO_ENDS;
  const sum = (end: RoundEnd): number => within[end] + ends[end];
  const rounds = { within: total(within), between: total(ends) };
  const broken = brokenWords({ sum, visibility });
  const unclear = sum("unclear");
  const isThin = rounds.within < FEWEST_ROUNDS || rounds.between < FEWEST_ROUNDS;
  const seen = [
    ...broken,
    `${rounds.within} races of ${RACERS} instances of the store and ${rounds.between} of ${RACERS} processes${broken.length === 0 ? ": never more than one winner, and its bytes were there" : ""}.`,
    ...("notMade" in between ? [`Processes could not race: ${between.notMade}.`] : []),
    ...(unclear > 0 ? [`${unclear} of them told no winner, because an answer was lost.`] : []),
    ...(visibility.tried > 0 && broken.length === 0
      ? [`What one instance created, another read and listed at once, ${visibility.tried} times of as many.`]
      : []),
  ];
  const verdict = broken.length > 0 ? "bad" : isThin ? "warning" : "good";
  return {
    verdict,
    seen,
    advice:
      verdict === "bad"
        ? "Use another store: two machines could own one job here, or miss that the other one owns it."
        : verdict === "warning"
          ? "Too few races were made to rely on. Try again when the store is quicker, or look at the reason."
          : null,
    facts: {
      racers: RACERS,
      racesOfInstances: rounds.within,
      racesOfProcesses: rounds.between,
      severalWon: sum("several-won"),
      overwritten: sum("overwritten"),
      nobodyWon: sum("nobody-won"),
      unclear,
      looks: visibility.tried,
      unread: visibility.unread + sum("unseen"),
      unlisted: visibility.unlisted,
      lateNotTold: visibility.lateNotTold,
    },
  };
}

const total = (ends: Ends): number => Object.values(ends).reduce((sum, count) => sum + count, 0);

function brokenWords({
  sum,
  visibility,
}: {
  readonly sum: (end: RoundEnd) => number;
  readonly visibility: Visibility;
}): readonly string[] {
  const unread = visibility.unread + sum("unseen");
  const words: readonly (readonly [number, string])[] = [
    [sum("several-won"), "more than one writer was told that it had created the same object"],
    [sum("overwritten"), "another writer's bytes were there than the winner's"],
    [sum("nobody-won"), "every writer was told that the object exists, which none had created"],
    [visibility.lateNotTold, "a late writer created what was there already, or changed it"],
    [unread, "what had been created could not be read at once by everybody"],
    [visibility.unlisted, "what had been created was not in the next listing"],
  ];
  return words.filter(([times]) => times > 0).map(([times, what]) => `${times} times ${what}.`);
}

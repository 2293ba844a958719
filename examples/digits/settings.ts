import { parseArgs } from "node:util";

/** What decides the result of a training, to the last bit. */
export interface Settings {
  /** Begins the random generator: first weights, order of the pictures, their shifts. */
  readonly seed: number;
  /** How often every picture is learned from. */
  readonly epochs: number;
  /** Pictures per step. */
  readonly batch: number;
  /** Neurons of the middle layer. */
  readonly hidden: number;
  /** Of the first step; it falls to nothing until the last. */
  readonly learningRate: number;
}

/** What the training uses when the command line says nothing else. */
export const DEFAULT_SETTINGS: Settings = {
  seed: 20,
  epochs: 14,
  batch: 32,
  hidden: 96,
  learningRate: 0.002,
};

/** How to train: what decides the result, and what does not. */
export interface Options {
  readonly settings: Settings;
  /** A line is printed each time that this many steps are done. */
  readonly reportEvery: number;
}

const KNOWN = {
  epochs: { type: "string", default: String(DEFAULT_SETTINGS.epochs) },
  seed: { type: "string", default: String(DEFAULT_SETTINGS.seed) },
  "report-every": { type: "string", default: "100" },
} as const;

/**
 * Reads `--epochs`, `--seed` and `--report-every`.
 * @throws Error with words for people when one of them is not a whole number above 0, or there is anything else.
 */
export function parseOptions(words: readonly string[]): Options {
  return optionsFrom(parseArgs({ args: [...words], options: KNOWN }).values);
}

/** The same, and `--store`: where a training that is a job by itself is kept. */
export function parseJobOptions(words: readonly string[]): Options & { readonly store: string } {
  const store = { type: "string", default: "./store" } as const;
  const { values } = parseArgs({ args: [...words], options: { ...KNOWN, store } });
  return { ...optionsFrom(values), store: values.store };
}

function optionsFrom(values: Readonly<Record<keyof typeof KNOWN, string>>): Options {
  const wholeNumber = (name: keyof typeof KNOWN): number => {
    const text = values[name];
    if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error(`--${name} ${text}: give a whole number above 0.`);
    return Number(text);
  };
  return {
    settings: { ...DEFAULT_SETTINGS, seed: wholeNumber("seed"), epochs: wholeNumber("epochs") },
    reportEvery: wholeNumber("report-every"),
  };
}

import { join } from "node:path";
import { parseArgs } from "node:util";

/** What is measured. */
export const PARTS = ["steps", "group", "auto", "items"] as const;
/** One of them. */
export type Part = (typeof PARTS)[number];

/** What the caller wants to have measured. */
export interface Options {
  readonly parts: ReadonlySet<Part>;
  readonly steps: number;
  readonly items: number;
  /** How long the job computes that is checkpointed by "auto". */
  readonly seconds: number;
  readonly runs: number;
  readonly dbos: boolean;
  /** The folder below which everything is made; on a disk. */
  readonly base: string;
  /** Where the report goes, without an extension. */
  readonly report: string | undefined;
  /** Only a part was asked for, or a smaller size: the figures are not those of the bars. */
  readonly partial: boolean;
}

const USUAL = { steps: 10_000, items: 1_000_000, seconds: 60 };
const HELP = `node benchmarks/run.mjs sdk [options]
  --only <parts>       of: ${PARTS.join(", ")}
  --steps <n>          durable steps of each kind (default ${USUAL.steps})
  --items <n>          items of the long list (default ${USUAL.items})
  --seconds <n>        of the job that computes (default ${USUAL.seconds})
  --runs <n>           of the durable steps in sequence, in turn (default 1)
  --without-dbos       does not install DBOS Transact, nor starts a PostgreSQL for it
  --disk <folder>      where everything is made and removed again (default: beside the sources)
  --report <path>      where to write <path>.md and <path>.json instead of benchmarks/results/sdk
`;

/** Reads the command line. Prints the help and gives undefined when it is asked for. @throws Error that says what is wrong */
export function parseOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: text,
      steps: text,
      items: text,
      seconds: text,
      runs: text,
      "without-dbos": { type: "boolean", default: false },
      disk: text,
      report: text,
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const parts = partsOf(values.only);
  const sizes = {
    steps: countOf("--steps", values.steps ?? `${USUAL.steps}`, 100),
    items: countOf("--items", values.items ?? `${USUAL.items}`, 1000),
    seconds: countOf("--seconds", values.seconds ?? `${USUAL.seconds}`, 1),
  };
  return {
    parts,
    ...sizes,
    runs: countOf("--runs", values.runs ?? "1", 1),
    dbos: !values["without-dbos"],
    base: values.disk ?? join(import.meta.dirname, ".."),
    report: values.report,
    partial:
      parts.size < PARTS.length ||
      values["without-dbos"] ||
      sizes.steps !== USUAL.steps ||
      sizes.items !== USUAL.items ||
      sizes.seconds !== USUAL.seconds,
  };
}

function partsOf(text: string | undefined): ReadonlySet<Part> {
  const names = text?.split(",") ?? PARTS;
  const unknown = names.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`--only: ${unknown.join(", ")} is none of ${PARTS.join(", ")}.`);
  return new Set(PARTS.filter((part) => names.includes(part)));
}

function countOf(option: string, text: string, least: number): number {
  if (/^[1-9]\d*$/.test(text) && Number(text) >= least) return Number(text);
  throw new Error(`${option} ${text} is not a number of at least ${least}.`);
}

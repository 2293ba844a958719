import { tmpdir } from "node:os";
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Work } from "./results.ts";

const GIB = 2 ** 30;

/** What is measured of ours alone. */
export const EXTRAS = ["pause", "notice", "first-byte", "memory"] as const;
/** One of them. */
export type Extra = (typeof EXTRAS)[number];

const GROUPS: Readonly<Record<string, readonly Work[]>> = {
  first: ["first"],
  nothing: ["nothing"],
  change: ["change"],
  insert: ["insert"],
  restore: ["restore"],
  files: ["files-first", "files-nothing", "files-restore"],
};

/** Where the stores are. */
export const STORES = ["folder", "s3", "s3-unchecked"] as const;
/** One of them. */
export type StoreKind = (typeof STORES)[number];

/** What the caller wants to have measured. */
export interface Options {
  readonly works: ReadonlySet<Work>;
  readonly extras: ReadonlySet<Extra>;
  readonly stores: ReadonlySet<StoreKind>;
  /** Whether a tool is wanted, by its name. */
  readonly wantsTool: (name: string) => boolean;
  readonly runs: number;
  readonly largeBytes: number;
  readonly smallFiles: number;
  /** Sizes of state at which the peak memory is measured. */
  readonly memoryBytes: readonly number[];
  /** The folder to work in; in memory, so that no disk hides the difference. */
  readonly base: string;
  /** A server of S3 that runs already. */
  readonly s3Endpoint: string | undefined;
  /** A folder on a disk, where the same is measured once more. */
  readonly disk: string | undefined;
  /** Where the report goes, without an extension. */
  readonly report: string | undefined;
  /** Only a part was asked for, or a smaller size: the figures are not those of the bars. */
  readonly partial: boolean;
}

const HELP = `node benchmarks/run.mjs checkpoints [options]
  --quick              a look in a minute: 256 MiB, 5,000 files, one run
  --size <size>        of the large files together, as 256MiB or 2GiB (default 2GiB)
  --files <n>          how many small files (default 50000)
  --runs <n>           of everything, in turn (default 3)
  --only <tools>       names or beginnings of them: spotproof,cp,restic,borg,rclone,tar,aws
  --work <works>       of: ${[...Object.keys(GROUPS), ...EXTRAS].join(", ")}
  --stores <stores>    of: ${STORES.join(", ")}
  --s3 <url>           a server that speaks S3 and runs already, instead of our own
  --disk <folder>      the same once more on this disk, durably
  --report <path>      where to write <path>.md and <path>.json instead of benchmarks/results/checkpoints
Everything that is made goes below SPOTPROOF_BENCH_DIR (default: /dev/shm where it exists) and is removed.
`;

/** Reads the command line. Prints the help and gives undefined when it is asked for. @throws Error that says what is wrong */
export function parseOptions(args: readonly string[]): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      size: text,
      files: text,
      runs: text,
      only: text,
      work: text,
      stores: text,
      s3: text,
      disk: text,
      report: text,
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const asked = oneOf("--work", values.work, [...Object.keys(GROUPS), ...EXTRAS]);
  const stores = oneOf("--stores", values.stores, STORES) as readonly StoreKind[];
  const only = values.only?.toLowerCase().split(",");
  const largeBytes = sizeOf(values.size ?? (values.quick ? "256MiB" : "2GiB"));
  return {
    works: new Set(asked.flatMap((name) => GROUPS[name] ?? [])),
    extras: new Set(EXTRAS.filter((extra) => asked.includes(extra))),
    stores: new Set(stores),
    wantsTool: (name) => only?.some((beginning) => name.toLowerCase().startsWith(beginning)) ?? true,
    runs: countOf("--runs", values.runs ?? (values.quick ? "1" : "3")),
    largeBytes,
    smallFiles: countOf("--files", values.files ?? (values.quick ? "5000" : "50000")),
    memoryBytes: [1, 2, 4, 8].map((times) => (times * largeBytes) / 2),
    base: process.env["SPOTPROOF_BENCH_DIR"] ?? (existsSync("/dev/shm") ? "/dev/shm" : tmpdir()),
    s3Endpoint: values.s3,
    disk: values.disk,
    report: values.report,
    partial:
      only !== undefined ||
      values.work !== undefined ||
      values.stores !== undefined ||
      largeBytes !== 2 * GIB ||
      values.quick,
  };
}

function oneOf(option: string, value: string | undefined, known: readonly string[]): readonly string[] {
  if (value === undefined) return known;
  const names = value.split(",");
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`${option}: ${unknown.join(", ")} is none of ${known.join(", ")}.`);
  return names;
}

function sizeOf(text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)\s*(MiB|GiB)$/i.exec(text) ?? [];
  if (number === undefined || unit === undefined) throw new Error(`--size ${text}: write 256MiB or 2GiB.`);
  return Number(number) * (unit.toLowerCase() === "gib" ? GIB : 2 ** 20);
}

function countOf(option: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} ${text} is not a number of at least 1.`);
  return Number(text);
}

import { measureAlone } from "./checkpoints/alone.ts";
import { measureInFolder, measureInS3 } from "./checkpoints/beside-peers.ts";
import { type Options, parseOptions } from "./checkpoints/options.ts";
import { bundlePrograms } from "./shared/program.ts";
import { type Bench, PROGRAMS } from "./checkpoints/section.ts";
import { Workspace, isInMemory } from "./shared/workspace.ts";
import { describeMachine } from "./paired.ts";
import { writeResults } from "./shared/results.ts";
import type { Section } from "./shared/section.ts";
import { barsTable, sizeText } from "./shared/tables.ts";

// How fast Spotproof saves and restores beside what people would reach for instead: node benchmarks/run.mjs checkpoints --help

/** Measures what is asked for, prints the report and writes it with all runs beside it, as Markdown and JSON. */
export async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === undefined) return;
  const workspace = new Workspace(options.base);
  try {
    const inMemory = isInMemory(workspace.folder);
    const sections = await measure(options, workspace);
    const report = describe(options, sections, inMemory);
    process.stdout.write(`${report}\n`);
    writeResults("checkpoints", options, report, sections);
  } finally {
    workspace.close();
  }
}

async function measure(options: Options, workspace: Workspace): Promise<readonly Section[]> {
  const bench = await openBench(options, workspace);
  const sections: Section[] = [];
  if (options.works.size > 0 && options.stores.has("folder"))
    sections.push(await measureInFolder(bench, "memory"));
  if (options.works.size > 0 && options.stores.has("s3")) sections.push(await measureInS3(bench, true));
  if (options.works.size > 0 && options.stores.has("s3-unchecked"))
    sections.push(await measureInS3(bench, false));
  if (options.extras.size > 0) sections.push(await measureAlone(bench));
  if (options.works.size > 0 && options.disk !== undefined) {
    const onDisk = new Workspace(options.disk);
    try {
      sections.push(await measureInFolder(await openBench(options, onDisk), "disk"));
    } finally {
      onDisk.close();
    }
  }
  return sections;
}

async function openBench(options: Options, workspace: Workspace): Promise<Bench> {
  const programs = await bundlePrograms(
    new URL("checkpoints/", import.meta.url),
    PROGRAMS,
    workspace.fresh("programs"),
  );
  const onProgress = (what: string): void => void process.stderr.write(`${what}\n`);
  return { options, workspace, programs, onProgress };
}

function describe(options: Options, sections: readonly Section[], inMemory: boolean): string {
  const { runs, largeBytes, smallFiles, disk } = options;
  const measured = sections.filter(({ text }) => text !== "");
  const missing = [
    ...sections.flatMap((section) => section.missing),
    ...(disk === undefined ? ["A folder on a disk: give one with --disk."] : []),
    ...NEVER_MEASURED,
  ];
  const versions = [...new Set(sections.flatMap((section) => section.versions))];
  return `# Checkpoints
${options.partial ? "\nOnly a part of the benchmark, or not its usual size: the bars are meant for the whole.\n" : ""}
${describeMachine()}. Medians of ${runs} ${runs === 1 ? "run" : "runs"} of each, in turn: a tool does all of the work on fresh data, then the next tool, and all once
more. Ratios are medians over the rounds, each compared within itself. The data are ${sizeText(largeBytes)} of weights in 8 files (32-bit floating
point; zstd takes 8 % off), ${smallFiles.toLocaleString("en")} small files of 4 to 40 KiB, and lie ${inMemory ? "in memory (tmpfs), as do the stores, so that the disk hides nothing" : "on a disk, as do the stores"}.

${barsTable(sections.flatMap((section) => section.bars))}
${measured.map(({ title, text }) => `## ${title}\n\n${text}`).join("\n")}
## How it was measured

- Peers are whole processes: wall time from making the process to its end, user and system time and the largest resident set by wait4.
- Spotproof's process lives as long as the job does and knows what it saved last, so it is started once for each round. Every figure of a save
  holds the time from making the process until it was ready (with its imports and the opened store) and from asking for the save until it was
  told to be durable. A restore is a whole process of its own. Nothing is claimed, and no command runs unless it is said so.
- Restored folders were compared with the source: every byte of ours, names and sizes of the others'.
- 1 % changed in place is 64 regions that make up 1 % of all bytes together; each round changes the same ones.
- Spotproof, restic and borg bring what they store to the disk with fsync; cp, rclone and tar do not. Both mean nothing in memory.

Versions:

${versions.map((version) => `- ${version}`).join("\n")}

Not measured:

${missing.map((sentence) => `- ${sentence}`).join("\n")}
`;
}

const NEVER_MEASURED: readonly string[] = [
  "Networks and their delays, encryption on the way, stores that throttle.",
  "Small files to S3: every peer but ours and restic sends each by itself.",
  "Peers with encryption switched off where they cannot: restic always encrypts, which Spotproof does not do.",
];

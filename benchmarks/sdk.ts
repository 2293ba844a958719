import { readFileSync, statfsSync } from "node:fs";
import { describeMachine } from "./paired.ts";
import { measureAuto } from "./sdk/auto.ts";
import { type Bench, PROGRAMS } from "./sdk/bench.ts";
import { measureDurableSteps } from "./sdk/durable-steps.ts";
import { measureItems } from "./sdk/items.ts";
import { type Options, parseOptions } from "./sdk/options.ts";
import { bundlePrograms } from "./shared/program.ts";
import { writeResults } from "./shared/results.ts";
import type { Section } from "./shared/section.ts";
import { barsTable } from "./shared/tables.ts";
import { Workspace } from "./shared/workspace.ts";

// What durable steps, checkpoints and lists of items of the SDK cost, beside what people would reach for instead:
// node benchmarks/run.mjs sdk --help

/** Measures what is asked for, prints the report and writes it with all runs beside it, as Markdown and JSON. */
export async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === undefined) return;
  const workspace = new Workspace(options.base);
  try {
    const programs = await bundlePrograms(
      new URL("sdk/", import.meta.url),
      PROGRAMS,
      workspace.fresh("programs"),
    );
    const onProgress = (what: string): void => void process.stderr.write(`${what}\n`);
    const sections = await measure({ options, workspace, programs, onProgress });
    const report = describe(options, sections, fileSystemOf(workspace.folder));
    process.stdout.write(`${report}\n`);
    writeResults("sdk", options, report, sections);
  } finally {
    workspace.close();
  }
}

async function measure(bench: Bench): Promise<readonly Section[]> {
  const { parts } = bench.options;
  const sections: Section[] = [];
  if (parts.has("steps") || parts.has("group")) sections.push(await measureDurableSteps(bench));
  if (parts.has("auto")) sections.push(await measureAuto(bench));
  if (parts.has("items")) sections.push(await measureItems(bench));
  return sections;
}

function describe(options: Options, sections: readonly Section[], fileSystem: string): string {
  const versions = sections.flatMap((section) => section.versions);
  const missing = [...sections.flatMap((section) => section.missing), ...NEVER_MEASURED];
  return `# The SDK

${options.partial ? "Only a part of the benchmark, or not its usual size: the bars are meant for the whole.\n" : ""}
${describeMachine()}. Everything lies on one disk, with ${fileSystem}. Who is compared did the same in turn, in the same run.

${barsTable(sections.flatMap((section) => section.bars))}
${sections.map(({ title, text }) => `## ${title}\n\n${text}`).join("\n")}
## How it was measured

- Each row is a whole process of its own, bundled as the published package is; memory and CPU by wait4, over all of its threads and
  its whole life. PostgreSQL's own memory and CPU, and those of the kernel, are not in it.
- Durable steps count from the first to the last, without the start of the process, the claim and the end. The result of a step is a
  small object. A plain step writes 1 KiB into a file, and renames it over the one before. A step of Spotproof also creates the manifest of
  a checkpoint without ever replacing one, looks whether the attempt still owns the job, and removes old checkpoints on its way.
- Everybody's steps are durable when they count as done: fsync before the answer.

Versions:

${versions.map((version) => `- ${version}\n`).join("")}- Spotproof as it is in this commit

Not measured:

${missing.map((sentence) => `- ${sentence}`).join("\n")}
`;
}

const NEVER_MEASURED: readonly string[] = [
  "Disks and file systems other than this one; how long its fsync takes decides most of what a step in sequence costs.",
  "Stores other than a folder: a step there costs one request that creates an object, and two that look for one.",
  "A loss of power. What is durable is as durable as fsync is on this disk.",
  "DBOS with other settings of its own or of PostgreSQL, and several processes of it at once.",
];

/** Name and mount options of the file system that a folder is on, such as `ext4 (rw,relatime)`. */
function fileSystemOf(folder: string): string {
  const mounts = readFileSync("/proc/self/mounts", "utf8").trim().split("\n");
  const above = mounts
    .map((line) => line.split(" "))
    .filter(([, place = ""]) => `${folder}/`.startsWith(place === "/" ? "/" : `${place}/`))
    .sort(([, a = ""], [, b = ""]) => a.length - b.length);
  const [, , kind = `a file system of type ${statfsSync(folder).type.toString(16)}`, how = ""] =
    above.at(-1) ?? [];
  return `${kind} (${how})`;
}

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine, median, pairedRatios, timeInTurn } from "./paired.ts";

// What Spotproof costs when it has nothing to do: asking for its version, and wrapping a command that ends at once.

const RUNS = 21;
const MAIN = join(import.meta.dirname, "..", "dist", "cli", "main.js");

/** Prints the figures and writes them to benchmarks/results/startup.md. */
export function main(): void {
  const folder = mkdtempSync(join(tmpdir(), "spotproof-bench-"));
  try {
    const report = describe(measure(folder));
    process.stdout.write(report);
    const results = join(import.meta.dirname, "results");
    mkdirSync(results, { recursive: true });
    writeFileSync(join(results, "startup.md"), report);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Times = ReadonlyMap<string, readonly number[]>;

function measure(folder: string): Times {
  const store = join(folder, "store");
  let number = 0;
  const wrapped = (extra: readonly string[]) => (): [string, ...string[]] => {
    number += 1;
    return [
      process.execPath,
      MAIN,
      "run",
      "--job",
      `job-${number}`,
      "--store",
      store,
      "--allow-volatile-store",
      ...extra,
      "--",
      "true",
    ];
  };
  const commands = [
    { name: "node -e 0", command: (): [string, ...string[]] => [process.execPath, "-e", "0"] },
    {
      name: "spotproof --version",
      command: (): [string, ...string[]] => [process.execPath, MAIN, "--version"],
    },
    { name: "true", command: (): [string] => ["true"] },
    { name: "spotproof run -- true", command: wrapped([]) },
    {
      name: "spotproof run --checkpoint ckpt -- true",
      command: wrapped(["--checkpoint", join(folder, "ckpt")]),
    },
  ];
  return timeInTurn(commands, RUNS);
}

function describe(times: Times): string {
  const of = (name: string): readonly number[] => times.get(name) ?? [];
  const added = (name: string): number =>
    median(of(name).map((ms, index) => ms - (of("true")[index] ?? Number.NaN)));
  const rows = [...times].map(
    ([name, values]) =>
      `| \`${name}\` | ${median(values).toFixed(1)} | ${Math.min(...values).toFixed(1)} | ${Math.max(...values).toFixed(1)} |\n`,
  );
  const version = median(pairedRatios(of("spotproof --version"), of("node -e 0")));
  return `# Start-up

${describeMachine()}. ${RUNS} runs of each, in turn, after one that does not count; wall time of whole processes. The store is a folder on
the local disk, with every fsync in place.

| command | median ms | least | most |
| --- | --- | --- | --- |
${rows.join("")}
- \`spotproof --version\` takes ${version.toFixed(2)} times as long as \`node -e 0\` (median of pairs; the bar is 1.5).
- \`spotproof run -- true\` adds ${added("spotproof run -- true").toFixed(0)} ms to \`true\` (the bar is 250), which is ${(added("spotproof run -- true") / median(of("node -e 0"))).toFixed(1)} times a bare start of Node.
- With an empty checkpoint folder, which is saved before and after, it adds ${added("spotproof run --checkpoint ckpt -- true").toFixed(0)} ms.

Not measured: slower disks and network file systems, where each fsync takes longer; the probe of a metadata service, which
runs in the background and delays nothing.
`;
}

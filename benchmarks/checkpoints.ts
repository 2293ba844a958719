import { judgeBars } from "./checkpoints/bars.ts";
import { type Options, parseOptions } from "./checkpoints/options.ts";
import { folderPeers } from "./checkpoints/peers.ts";
import { bundlePrograms } from "./checkpoints/program.ts";
import { barsTable, mediansTable, ratiosTable, spreadSentence } from "./checkpoints/report.ts";
import { Results } from "./checkpoints/results.ts";
import { measureRounds } from "./checkpoints/rounds.ts";
import { spotproofTool } from "./checkpoints/spotproof-tool.ts";
import { Workspace } from "./checkpoints/workspace.ts";

// How fast Spotproof saves and restores beside what people would reach for instead: node benchmarks/run.mjs checkpoints --help

/** Measures what is asked for, prints the report and writes it to benchmarks/results/checkpoints.md and .json. */
export async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args);
  if (options === undefined) return;
  const workspace = new Workspace(options.base);
  try {
    const results = new Results();
    await measureFolder(options, workspace, results);
    const report = `${barsTable(judgeBars(results))}\n${ratiosTable(results, "Spotproof")}\n${mediansTable(results)}\n${spreadSentence(results)}`;
    process.stdout.write(report);
  } finally {
    workspace.close();
  }
}

async function measureFolder(options: Options, workspace: Workspace, results: Results): Promise<void> {
  const programs = await bundlePrograms(["spotproof-process"], workspace.fresh("programs"));
  const tools = [spotproofTool(workspace, programs["spotproof-process"]), ...folderPeers(workspace)].filter(
    ({ name }) => options.wantsTool(name),
  );
  await measureRounds({ ...options, workspace, tools, onProgress: progress }, results);
}

function progress(what: string): void {
  process.stderr.write(`${what}\n`);
}

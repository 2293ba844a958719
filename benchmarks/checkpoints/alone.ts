import { judgeMemory } from "./bars.ts";
import { type NoticeFigures, type PauseFigures, measureNotice, measurePauses } from "./beside-command.ts";
import { type FirstByteFigures, measureFirstByte } from "./first-byte.ts";
import { type MemoryReport, measureMemory } from "./memory.ts";
import type { JudgedBar } from "../shared/bars.ts";
import type { Section } from "../shared/section.ts";
import { sizeText, table } from "../shared/tables.ts";
import type { Bench } from "./section.ts";
import { spotproofTool } from "./spotproof-tool.ts";
import type { Tool } from "./tool.ts";
import type { Workspace } from "../shared/workspace.ts";
import { median } from "../paired.ts";

/** What concerns Spotproof alone. */
export async function measureAlone(bench: Bench): Promise<Section> {
  const { options, workspace, programs, onProgress } = bench;
  const { extras, largeBytes, runs } = options;
  const parts: string[] = [];
  const bars: JudgedBar[] = [];
  const missing: string[] = [];
  const data: Record<string, unknown> = {};
  if (extras.has("pause")) {
    onProgress("Spotproof: the pause of the command");
    const figures = await measurePauses(workspace, programs, largeBytes);
    data["pause"] = figures;
    parts.push(describePauses(figures, largeBytes));
  }
  if (extras.has("notice")) {
    onProgress("Spotproof: from notice to durable");
    const figures = await measureNotice(workspace, programs, largeBytes * 2, Math.max(runs, 3));
    data["notice"] = figures;
    parts.push(describeNotice(figures));
  }
  if (extras.has("first-byte")) {
    onProgress("Spotproof: restore to first byte");
    const figures = await measureFirstByte(
      workspace,
      programs["spotproof-process"],
      largeBytes,
      Math.max(runs, 3),
    );
    data["firstByte"] = figures;
    parts.push(describeFirstByte(figures, largeBytes));
  }
  if (extras.has("memory")) {
    onProgress("Spotproof: peak memory");
    const open = (place: Workspace): Tool => spotproofTool(place, programs["spotproof-process"]);
    const report = await measureMemory(workspace, open, options.memoryBytes);
    data["memory"] = report;
    bars.push(...judgeMemory(report.figures));
    missing.push(
      ...report.withoutRoom.map((bytes) => `Peak memory at ${sizeText(bytes)}: no room for it here.`),
    );
    parts.push(describeMemory(report));
  }
  return { title: "Spotproof alone", text: parts.join("\n"), bars, missing, versions: [], data };
}

function describePauses(figures: readonly PauseFigures[], bytes: number): string {
  const rows = figures.map((figure) => [
    figure.command,
    `${ms(figure.firstPausedMs)} of ${ms(figure.firstMs)}`,
    `${ms(figure.medianPausedMs)} of ${ms(figure.medianMs)}`,
    ms(figure.mostPausedMs),
  ]);
  return `**The pause of the command.** A process of its own, stopped for each save of ${sizeText(bytes)}:

${table(["the command", "first save: paused, of its whole time", "later saves: median", "longest pause"], rows)}`;
}

function describeNotice({ stateBytes, wallMs, pausedMs, storedBytes }: NoticeFigures): string {
  return `**From notice to durable.** ${sizeText(stateBytes)} of state of which 1 % changed since the last save, beside a running command: ${ms(median(wallMs))} (${ms(Math.min(...wallMs))} to ${ms(Math.max(...wallMs))}), of which the command stood still for ${ms(median(pausedMs))}; ${(storedBytes / 1_000_000).toFixed(1)} MB stored.
`;
}

function describeFirstByte({ firstByteMs, firstFileMs, wholeMs }: FirstByteFigures, bytes: number): string {
  return `**Restore to first byte.** Of ${sizeText(bytes)}, from making the process: a first byte after ${ms(firstByteMs)}, a first complete file after ${ms(firstFileMs)}, everything in its place after ${ms(wholeMs)}. The command starts when everything is there.
`;
}

function describeMemory({ figures }: MemoryReport): string {
  const rows = figures.map(({ stateBytes, savePeakBytes, restorePeakBytes, folder }) => [
    sizeText(stateBytes),
    `${(savePeakBytes / 2 ** 20).toFixed(0)} MiB`,
    `${(restorePeakBytes / 2 ** 20).toFixed(0)} MiB`,
    folder,
  ]);
  return `**Peak memory** of the whole process:

${table(["state", "first save", "restore", "in"], rows)}`;
}

function ms(value: number): string {
  return value < 1000 ? `${value.toFixed(0)} ms` : `${(value / 1000).toFixed(2)} s`;
}

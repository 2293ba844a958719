import { spawnSync } from "node:child_process";
import { judgeBars, judgeS3 } from "./bars.ts";
import { FOLDER_PEERS, folderPeers } from "./peers.ts";
import { mediansTable, ratiosTable, spreadSentence } from "./report.ts";
import { Results } from "./results.ts";
import { measureRounds } from "./rounds.ts";
import { connectS3Server, startS3Server } from "./s3-server.ts";
import { PLAIN, s3Tools } from "./s3-tools.ts";
import type { Section } from "../shared/section.ts";
import type { Bench } from "./section.ts";
import { spotproofTool } from "./spotproof-tool.ts";
import type { Tool } from "./tool.ts";
import { isInMemory } from "../shared/workspace.ts";

// The parts of the report in which Spotproof stands beside others.

/** Everybody with a store in a folder of the workspace. */
export async function measureInFolder(bench: Bench, where: "memory" | "disk"): Promise<Section> {
  const { options, workspace, programs, onProgress } = bench;
  const present = [spotproofTool(workspace, programs["spotproof-process"]), ...folderPeers(workspace)];
  const tools = present.filter(({ name }) => options.wantsTool(name));
  const results = new Results();
  const onDisk = where === "disk";
  const settle = onDisk ? () => void spawnSync("sync") : undefined;
  await measureRounds({ ...options, workspace, tools, onProgress, settle }, results);
  const absent = FOLDER_PEERS.filter((peer) => !present.some(({ name }) => name === peer));
  const inMemory = isInMemory(workspace.folder);
  return {
    ...sectionOf(results, tools),
    title: onDisk ? "A folder on a disk" : `A folder${inMemory ? " in memory" : ""}`,
    bars: onDisk ? [] : judgeBars(results),
    missing: [
      ...absent.map((peer) => `${peer}: not installed.`),
      ...(inMemory || onDisk ? [] : ["Nothing lay in memory: the disk hides differences."]),
    ],
  };
}

/**
 * Everybody with a store in S3, against one server on this machine. `checks`: it compares every body with the hashes that
 * the request names, as S3 does; else it takes what it gets.
 */
export async function measureInS3(bench: Bench, checks: boolean): Promise<Section> {
  const { options, workspace, programs, onProgress } = bench;
  const title = `S3 on loopback, ${checks ? "a server that checks what it gets, as S3 does" : "a server that checks nothing"}`;
  const server =
    options.s3Endpoint === undefined
      ? await startS3Server(workspace, programs["s3-server-process"], checks)
      : await connectS3Server(options.s3Endpoint, process.env);
  const { tools: present, missing } = s3Tools(workspace, programs, server);
  const tools = present.filter(({ name }) => options.wantsTool(name));
  const results = new Results();
  const failures: string[] = [];
  const onFailure = (tool: Tool, error: unknown): void => {
    // A peer may be unable to speak to this server; that we are would be a fault of ours.
    if (tool.name === "Spotproof") throw error;
    failures.push(`${tool.name} to S3, which failed: ${lastWords(error)}`);
  };
  try {
    // Of small files the slowest peers send some hundred in a second: that would take an hour, and tell about requests only.
    const works = new Set([...options.works].filter((work) => !work.startsWith("files")));
    await measureRounds({ ...options, works, workspace, tools, onProgress, onFailure }, results);
  } finally {
    await server.empty();
    server.stop();
  }
  return {
    ...sectionOf(results, tools),
    title,
    bars: judgeS3(results, PLAIN, title),
    missing: [...missing.map((peer) => `${peer} to S3: not installed.`), ...failures],
  };
}

function lastWords(error: unknown): string {
  const words = (error instanceof Error ? error.message : String(error)).replaceAll(/\s+/g, " ");
  return words.length <= 300 ? words : `… ${words.slice(-300)}`;
}

function sectionOf(results: Results, tools: readonly Tool[]): Pick<Section, "text" | "versions" | "data"> {
  const text = [
    ratiosTable(results, "Spotproof"),
    "Wall seconds (CPU seconds, MiB of peak memory; MB added to what is stored):\n",
    mediansTable(results),
    spreadSentence(results),
  ];
  return {
    text: results.works.length === 0 ? "" : text.filter((part) => part !== "").join("\n"),
    versions: tools.map(({ name, version }) => `${name}: ${version}`),
    data: results,
  };
}

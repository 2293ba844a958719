import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { formatDuration, systemClock } from "../../base/index.ts";
import type * as simulation from "../../simulator/index.ts";
import type { MetadataMock, MockEvent, Plan } from "../../simulator/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import type { Work } from "../program.ts";
import {
  declareMockMetadataOptions,
  type MockMetadataOptions,
  type RawMockMetadataOptions,
  readMockMetadataOptions,
} from "./mock-metadata-options.ts";

/** `spotproof mock-metadata`: a cloud's metadata service that gives notices, on this machine. */
export function declareMockMetadataCommand(program: Command, choose: (work: Work) => void): void {
  const command = program
    .command("mock-metadata")
    .summary("a cloud's metadata service that gives notices, on loopback")
    .description(
      "Runs the metadata service of a cloud on this machine, which announces an interruption when you want it. Prints the line that points programs to it. Ends on Ctrl-C.",
    );
  declareMockMetadataOptions(command).action((raw: RawMockMetadataOptions) => {
    choose((io) => runMockMetadata(raw, io));
  });
}

/**
 * Serves until SIGINT or SIGTERM. Standard output: the line for the shell, then one line for each thing that it does, and one when
 * an announcement is first heard.
 * @throws SpotproofError `bad-usage`, `port-unavailable`
 */
export async function runMockMetadata(raw: RawMockMetadataOptions, io: CommandIo): Promise<number> {
  const options = readMockMetadataOptions(raw);
  const simulator = await import("../../simulator/index.ts");
  const plan = await drawnPlan(simulator, options);
  const tell = (what: string): void => {
    io.out(`${new Date(systemClock.wallTime()).toISOString()} ${what}\n`);
  };
  const stop = stopSignal(io);
  try {
    const mock = await simulator.startMachineMetadata({
      cloud: plan?.cloud ?? options.cloud ?? "aws",
      name: "spotproof-mock",
      zone: "a",
      clock: systemClock,
      host: options.host,
      port: options.port,
      tokens: options.tokens ?? plan?.metadata.tokens,
      clockAheadMs: plan?.metadata.clockAheadMs,
      onEvent: (event) => tell(describe(event)),
    });
    try {
      io.out(introduction(mock, options, plan));
      announceLater(mock, options);
      const { play } = options;
      if (plan !== undefined && play !== undefined) {
        await simulator.playPlan(plan, mock, systemClock, { ...play, onEvent: tell, signal: stop.signal });
      }
      await stop.received;
    } finally {
      await mock.close();
    }
  } finally {
    stop.close();
  }
  return EXIT.done.status;
}

async function drawnPlan(
  simulator: typeof simulation,
  { play, cloud }: MockMetadataOptions,
): Promise<Plan | undefined> {
  if (play === undefined) return undefined;
  const scenario = await simulator.loadScenario(play.scenario, (path) => readFile(path, "utf8"));
  const plan = simulator.drawPlan(scenario, play.seed === undefined ? {} : { seed: play.seed });
  return cloud === undefined ? plan : { ...plan, cloud };
}

function announceLater(mock: MetadataMock, options: MockMetadataOptions): void {
  const { rebalanceAfterMs, interruptAfterMs, action, leadMs } = options;
  if (rebalanceAfterMs !== undefined) mock.rebalanceAfter(rebalanceAfterMs);
  if (interruptAfterMs !== undefined) mock.announceAfter(interruptAfterMs, { action, leadMs });
}

/** The first line alone is for the shell; the others are comments to it. */
function introduction(mock: MetadataMock, options: MockMetadataOptions, plan: Plan | undefined): string {
  const pointers = Object.entries(mock.environment)
    .filter(([, value]) => value.includes(`:${mock.port}`))
    .map(([name, value]) => `${name}=${value}`);
  return `export ${pointers.join(" ")}\n${intention(mock, options, plan)} To see it: ${lookAt(mock)}\n`;
}

function intention(mock: MetadataMock, options: MockMetadataOptions, plan: Plan | undefined): string {
  const { action, leadMs, interruptAfterMs, play } = options;
  if (plan !== undefined && play !== undefined) {
    return `# Scenario ${plan.scenario}, seed ${plan.seed}, ${play.speed}x.`;
  }
  if (interruptAfterMs !== undefined) {
    return `# In ${formatDuration(interruptAfterMs)}: ${action}, ${formatDuration(leadMs)} ahead.`;
  }
  const announce =
    mock.cloud === "aws"
      ? `interrupt?action=${action}&lead=${leadMs / 1000}s`
      : `preempt?lead=${leadMs / 1000}s`;
  return `# Nothing is planned. To announce an interruption: curl -X POST '${mock.url}/mock/${announce}'\n#`;
}

function lookAt({ cloud, url }: MetadataMock): string {
  switch (cloud) {
    case "aws":
      return `curl -i ${url}/latest/meta-data/spot/instance-action`;
    case "gcp":
      return `curl -H 'Metadata-Flavor: Google' ${url}/computeMetadata/v1/instance/preempted`;
    case "azure":
      return `curl -H 'Metadata: true' '${url}/metadata/scheduledevents?api-version=2020-07-01'`;
    default:
      return cloud satisfies never;
  }
}

function describe(event: MockEvent): string {
  switch (event.kind) {
    case "heard":
      return `heard by a client: ${event.path} ${event.body.replaceAll(/\s+/g, " ")}`;
    case "announced":
      return `announced ${event.what}`;
    case "acknowledged":
      return `acknowledged ${event.what}`;
    case "not-done":
      return `not done: ${event.what}`;
    default:
      return event satisfies never;
  }
}

interface StopSignal {
  readonly received: Promise<void>;
  readonly signal: AbortSignal;
  readonly close: () => void;
}

function stopSignal(io: CommandIo): StopSignal {
  const stop = new AbortController();
  const received = new Promise<void>((resolve) => {
    stop.signal.addEventListener("abort", () => resolve());
  });
  const offs = (["SIGINT", "SIGTERM"] as const).map((signal) => io.onSignal(signal, () => stop.abort()));
  return {
    received,
    signal: stop.signal,
    close: () => {
      for (const off of offs) off();
    },
  };
}

import { type Command, Option } from "commander";
import { SpotproofError, formatDuration, parseDuration, systemClock } from "../../base/index.ts";
import type { Ec2MetadataMock, MockEvent } from "../../simulator/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import type { Work } from "../program.ts";

/** The options of `spotproof mock-metadata`, as typed. */
export interface RawMockMetadataOptions {
  readonly interruptAfter?: string | undefined;
  readonly rebalanceAfter?: string | undefined;
  readonly action: string;
  readonly lead: string;
  readonly host: string;
  readonly port: string;
  readonly imdsv2?: boolean | undefined;
}

/** `spotproof mock-metadata`: an EC2 metadata service that gives notices, on this machine. */
export function declareMockMetadataCommand(program: Command, choose: (work: Work) => void): void {
  program
    .command("mock-metadata")
    .summary("an EC2 metadata service that gives notices, on loopback")
    .description(
      "Runs an EC2 metadata service on this machine that announces an interruption when you want it. Prints the line that points programs to it. Ends on Ctrl-C.",
    )
    .option("--interrupt-after <duration>", "announce a Spot interruption so long after the start")
    .addOption(
      new Option("-a, --action <what>", "what it announces")
        .choices(["terminate", "stop", "hibernate"])
        .default("terminate"),
    )
    .option("--lead <duration>", "from the announcement to the moment that it names", "120s")
    .option("--rebalance-after <duration>", "recommend a rebalance so long after the start")
    .option("-p, --port <port>", "listen on this port; 0 = any free one", "1338")
    .option("-n, --host <address>", "listen on this address", "127.0.0.1")
    .option("-I, --imdsv2", "answer only requests with a token (IMDSv2)")
    .action((raw: RawMockMetadataOptions) => {
      choose((io) => runMockMetadata(raw, io));
    });
}

/**
 * Serves until SIGINT or SIGTERM. Standard output: the line for the shell, then one line for each announcement, and one when
 * it is first heard.
 * @throws SpotproofError `bad-usage`, `port-unavailable`
 */
export async function runMockMetadata(raw: RawMockMetadataOptions, io: CommandIo): Promise<number> {
  const plan = readPlan(raw);
  const { startEc2MetadataMock } = await import("../../simulator/index.ts");
  const stop = stopSignal(io);
  const mock = await startEc2MetadataMock({
    clock: systemClock,
    host: plan.host,
    port: plan.port,
    imdsv2: raw.imdsv2 === true ? "required" : "optional",
    onEvent: (event) => io.out(`${new Date(systemClock.wallTime()).toISOString()} ${describe(event)}\n`),
  });
  try {
    io.out(introduction(mock, plan));
    if (plan.rebalanceAfterMs !== undefined) mock.rebalanceAfter(plan.rebalanceAfterMs);
    if (plan.interruptAfterMs !== undefined) mock.interruptAfter(plan.interruptAfterMs, plan);
    await stop.received;
  } finally {
    stop.close();
    await mock.close();
  }
  return EXIT.done.status;
}

interface Plan {
  readonly interruptAfterMs: number | undefined;
  readonly rebalanceAfterMs: number | undefined;
  readonly action: "terminate" | "stop" | "hibernate";
  readonly leadMs: number;
  readonly host: string;
  readonly port: number;
}

function readPlan(raw: RawMockMetadataOptions): Plan {
  const { action, interruptAfter, rebalanceAfter } = raw;
  if (action !== "terminate" && action !== "stop" && action !== "hibernate") {
    throw new SpotproofError("bad-usage", `--action: "${action}" is none of terminate, stop and hibernate.`);
  }
  if (!/^\d{1,5}$/.test(raw.port) || Number(raw.port) > 65_535) {
    throw new SpotproofError("bad-usage", `--port: "${raw.port}" is not a whole number from 0 to 65535.`);
  }
  return {
    interruptAfterMs:
      interruptAfter === undefined ? undefined : parseDuration(interruptAfter, "--interrupt-after"),
    rebalanceAfterMs:
      rebalanceAfter === undefined ? undefined : parseDuration(rebalanceAfter, "--rebalance-after"),
    action,
    leadMs: parseDuration(raw.lead, "--lead"),
    host: raw.host,
    port: Number(raw.port),
  };
}

/** The first line alone is for the shell; the others are comments to it. */
function introduction(mock: Ec2MetadataMock, plan: Plan): string {
  const { action, leadMs, interruptAfterMs } = plan;
  const what =
    interruptAfterMs === undefined
      ? `# Nothing is planned. To announce an interruption: curl -X POST '${mock.url}/mock/interrupt?action=${action}&lead=120s'`
      : `# In ${formatDuration(interruptAfterMs)}: ${action}, ${formatDuration(leadMs)} ahead. To see it: curl -i ${mock.url}/latest/meta-data/spot/instance-action`;
  return `export AWS_EC2_METADATA_SERVICE_ENDPOINT=${mock.url}\n${what}\n`;
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

function stopSignal(io: CommandIo): { readonly received: Promise<void>; readonly close: () => void } {
  let received = (): void => {};
  const promise = new Promise<void>((resolve) => {
    received = resolve;
  });
  const offs = (["SIGINT", "SIGTERM"] as const).map((signal) => io.onSignal(signal, () => received()));
  return {
    received: promise,
    close: () => {
      for (const off of offs) off();
    },
  };
}

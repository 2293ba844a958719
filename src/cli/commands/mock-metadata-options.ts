import { type Command, Option } from "commander";
import { SpotproofError, parseDuration } from "../../base/index.ts";
import { parseCount, parseSpeed } from "../option-values.ts";

const CLOUDS = ["aws", "gcp", "azure"] as const;
const ACTIONS = ["terminate", "stop", "hibernate"] as const;

/** What a cloud gives at most, or at least promises, in ms. */
const USUAL_LEAD_MS = { aws: 120_000, gcp: 30_000, azure: 30_000 } as const;

/** The options of `spotproof mock-metadata`, as typed. */
export interface RawMockMetadataOptions {
  readonly cloud?: string | undefined;
  readonly interruptAfter?: string | undefined;
  readonly rebalanceAfter?: string | undefined;
  readonly action?: string | undefined;
  readonly lead?: string | undefined;
  readonly host: string;
  readonly port: string;
  readonly imdsv2?: boolean | undefined;
  readonly scenario?: string | undefined;
  readonly seed?: string | undefined;
  readonly speed?: string | undefined;
  readonly length?: string | undefined;
}

/** What was typed, checked. */
export interface MockMetadataOptions {
  /** Undefined: the scenario's, or `aws`. */
  readonly cloud: (typeof CLOUDS)[number] | undefined;
  readonly interruptAfterMs: number | undefined;
  readonly rebalanceAfterMs: number | undefined;
  readonly action: (typeof ACTIONS)[number];
  readonly leadMs: number;
  readonly host: string;
  readonly port: number;
  /** Undefined: the scenario's, or `optional`. */
  readonly tokens: "required" | undefined;
  readonly play:
    | {
        /** A name or a path. */
        readonly scenario: string;
        readonly seed: number | undefined;
        readonly speed: number;
        readonly lengthMs: number;
      }
    | undefined;
}

/** Declares the options of `spotproof mock-metadata` on a command. */
export function declareMockMetadataOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--cloud <cloud>", "whose metadata service (default: the scenario's, or aws)").choices(
        CLOUDS,
      ),
    )
    .option("--interrupt-after <duration>", "announce an interruption so long after the start")
    .addOption(
      new Option(
        "-a, --action <what>",
        "what it announces; only aws tells these apart (default: terminate)",
      ).choices(ACTIONS),
    )
    .option(
      "--lead <duration>",
      "from the announcement to the end (default: 120s on aws, 30s on gcp and azure)",
    )
    .option("--rebalance-after <duration>", "recommend a rebalance so long after the start; only aws")
    .option(
      "-S, --scenario <name>",
      "play a scenario, a built-in one or a file, for one machine after another",
    )
    .option("--seed <n>", "throws the scenario's dice: the same number gives the same interruptions")
    .option("--speed <factor>", "how much faster than the scenario says, such as 20x (default: 1x)")
    .option("--length <duration>", "how long the scenario's job would work undisturbed (default: 1h)")
    .option("-p, --port <port>", "listen on this port; 0 = any free one", "1338")
    .option("-n, --host <address>", "listen on this address", "127.0.0.1")
    .option("-I, --imdsv2", "answer only requests with a token (IMDSv2); only aws");
}

/**
 * Checks what was typed.
 * @throws SpotproofError `bad-usage` that names the option
 */
export function readMockMetadataOptions(raw: RawMockMetadataOptions): MockMetadataOptions {
  if (!/^\d{1,5}$/.test(raw.port) || Number(raw.port) > 65_535) {
    throw new SpotproofError("bad-usage", `--port: "${raw.port}" is not a whole number from 0 to 65535.`);
  }
  const cloud = oneOf("--cloud", raw.cloud, CLOUDS);
  refuseOptionsThatDoNotFit(raw, cloud);
  const duration = (text: string | undefined, name: string): number | undefined =>
    text === undefined ? undefined : parseDuration(text, name);
  return {
    cloud,
    interruptAfterMs: duration(raw.interruptAfter, "--interrupt-after"),
    rebalanceAfterMs: duration(raw.rebalanceAfter, "--rebalance-after"),
    action: oneOf("--action", raw.action, ACTIONS) ?? "terminate",
    leadMs: duration(raw.lead, "--lead") ?? USUAL_LEAD_MS[cloud ?? "aws"],
    host: raw.host,
    port: Number(raw.port),
    tokens: raw.imdsv2 === true ? "required" : undefined,
    play:
      raw.scenario === undefined
        ? undefined
        : {
            scenario: raw.scenario,
            seed: raw.seed === undefined ? undefined : parseCount(raw.seed, "--seed", 0, 4_294_967_295),
            speed: parseSpeed(raw.speed ?? "1x", "--speed", 0.001, 100_000),
            lengthMs: parseDuration(raw.length ?? "1h", "--length"),
          },
  };
}

/** An option that would do nothing is a mistake, and said to be. */
function refuseOptionsThatDoNotFit(raw: RawMockMetadataOptions, cloud: string | undefined): void {
  const refuse = (names: Readonly<Record<string, unknown>>, why: string): void => {
    const [name] = Object.entries(names).find(([, value]) => value !== undefined) ?? [];
    if (name !== undefined) throw new SpotproofError("bad-usage", `${name}: ${why}`);
  };
  if (cloud === "gcp" || cloud === "azure") {
    refuse(
      { "--rebalance-after": raw.rebalanceAfter, "--imdsv2": raw.imdsv2 },
      `${cloud} has nothing like it.`,
    );
  }
  if (raw.scenario === undefined) {
    refuse({ "--seed": raw.seed, "--speed": raw.speed, "--length": raw.length }, "needs --scenario.");
  } else {
    const own = { "--interrupt-after": raw.interruptAfter, "--rebalance-after": raw.rebalanceAfter };
    refuse({ ...own, "--action": raw.action, "--lead": raw.lead }, "--scenario says what happens.");
  }
}

function oneOf<const Choice extends string>(
  name: string,
  text: string | undefined,
  choices: readonly Choice[],
): Choice | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((one) => one === text);
  if (choice !== undefined) return choice;
  throw new SpotproofError("bad-usage", `${name}: "${text}" is none of ${choices.join(", ")}.`);
}

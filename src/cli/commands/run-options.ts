import { type Command, Option } from "commander";
import { constants } from "node:os";
import { join, relative, resolve } from "node:path";
import {
  type JobName,
  SpotproofError,
  parseByteRate,
  parseDuration,
  parseJobName,
} from "../../base/index.ts";
import { type StoreLocation, type UserLimits, parseStoreLocation, pathOnDisk } from "../../store/index.ts";
import type { RunPolicy } from "../../supervisor/index.ts";
import { parseCount } from "../option-values.ts";

/** Everything that `spotproof run` was told, checked and complete. */
export interface RunOptions {
  readonly job: JobName;
  readonly store: StoreLocation;
  /** How fast, and over how many connections, data may go to it. */
  readonly storeLimits: UserLimits;
  /** A store that goes with the machine is meant, for a try. */
  readonly allowVolatileStore: boolean;
  /** Absolute path of the watched folder. */
  readonly checkpointFolder: string | undefined;
  readonly ifRunning: "standby" | "leave";
  readonly leaseMs: number;
  readonly maxIdleAttempts: number;
  readonly metadataPollMs: number;
  readonly interruptionSignals: readonly NodeJS.Signals[];
  /** Nobody named the signals: under `nohup` SIGHUP is none of them. */
  readonly interruptionSignalsAreDefault: boolean;
  /** After such a signal; undefined = what the platform around us is known to grant. */
  readonly signalGraceMs: number | undefined;
  readonly channelPort: number | undefined;
  readonly logFormat: "text" | "json";
  /** Absolute path of a file to which the log is added as JSON lines. */
  readonly logFile: string | undefined;
  readonly policy: RunPolicy;
  readonly command: readonly [string, ...string[]];
}

/** Declares the options of `spotproof run` on a command. */
export function declareRunOptions(command: Command): Command {
  return command
    .requiredOption("-j, --job <name>", "the job's name: the same name goes on with the same work")
    .addOption(
      new Option(
        "-s, --store <place>",
        "where checkpoints rest: a folder that outlives this machine, or s3:, dynamodb:, sqlite:, postgres:",
      )
        .env("SPOTPROOF_STORE")
        .makeOptionMandatory(),
    )
    .option(
      "--upload-limit <rate>",
      "bytes per second to the store at most, for example 50MiB; lifted once an interruption is heard",
    )
    .option("--store-connections <n>", "calls of the store that move data at once, at most")
    .option(
      "--allow-volatile-store",
      "use a store that goes with this machine, for a try; so does SPOTPROOF_ALLOW_VOLATILE_STORE=1",
    )
    .option("-c, --checkpoint <folder>", "the command's state: this folder is saved and put back")
    .option("--every <duration>", "time between two saves (default: 1m, or longer while saves are slow)")
    .addOption(
      new Option(
        "--commit-by <who>",
        "who decides when the folder is saved: spotproof, or only the program through the job channel",
      )
        .choices(["spotproof", "program"])
        .default("spotproof"),
    )
    .addOption(
      new Option(
        "--if-running <what>",
        "when another attempt of the job is alive: stand by to take over, or leave",
      )
        .choices(["standby", "leave"])
        .default("standby"),
    )
    .option("--retries <n>", "restarts after the command failed by itself", "3")
    .option("--retry-wait <duration>", "wait before the first of them; doubles each time", "1s")
    .option(
      "--max-idle-attempts <n>",
      "give up after so many attempts in a row without a new checkpoint; 0 = never",
      "10",
    )
    .option("--stop-signal <name>", "asks the command to end", "SIGTERM")
    .addOption(
      new Option("--stop-to <whom>", "who is asked first: every process, or only the first one")
        .choices(["group", "leader"])
        .default("group"),
    )
    .option("--stop-grace <duration>", "from asking to killing, at most", "30s")
    .option(
      "--notice-signal <name>",
      "sent to the command's first process when an interruption is heard (for example SIGUSR1)",
    )
    .addOption(
      new Option("--zero-after-stop <what>", "what exit status 0 means after the command was asked to stop")
        .choices(["interrupted", "completed"])
        .default("interrupted"),
    )
    .option(
      "--linger <duration>",
      "how long processes may go on after the command's first one has ended",
      "5s",
    )
    .option("--keep <n>", "checkpoints to keep, the newest; at least 2", "5")
    .option("--keep-hourly <n>", "beyond those, the newest of each of so many hours", "0")
    .option("--keep-daily <n>", "beyond those, the newest of each of so many days", "0")
    .option("--heartbeat <duration>", "how often this attempt shows that it is alive", "10s")
    .option("--lease <duration>", "a heartbeat unchanged for so long means that its attempt is lost", "30s")
    .option("--metadata-poll <duration>", "how often the EC2 metadata service is asked", "2s")
    .option(
      "--interruption-signals <names>",
      "signals to Spotproof that announce the end of the machine, container or terminal; by default not SIGHUP under nohup",
      DEFAULT_INTERRUPTION_SIGNALS,
    )
    .option(
      "--signal-grace <duration>",
      "time between such a signal and SIGKILL (default: what the platform grants, else 10s)",
    )
    .option("--channel-port <port>", "open the job channel on this port of 127.0.0.1 too; 0 = any free one")
    .addOption(
      new Option("--log-format <format>", "of Spotproof's own lines on standard error")
        .choices(["text", "json"])
        .default("text"),
    )
    .option("--log-file <path>", "a file to which the same lines are added as JSON, with more detail");
}

/** Between two saves, in ms. */
export const SHORTEST_SAVE_INTERVAL_MS = 100;

const DEFAULT_INTERRUPTION_SIGNALS = "SIGTERM,SIGHUP";

type Raw = Readonly<Record<string, string | undefined>>;

/**
 * Checks what commander has read.
 * @throws SpotproofError `bad-usage` that names the option, its value and what would be right
 */
export function readRunOptions(raw: Raw, command: readonly string[], workingFolder: string): RunOptions {
  const [file, ...args] = command;
  if (file === undefined || file === "") {
    throw new SpotproofError(
      "bad-usage",
      "There is no command to run. Put it after two dashes: spotproof run --job train --store ./store -- python3 train.py",
    );
  }
  const store = parseStoreLocation(raw["store"] ?? "", workingFolder, "--store");
  const uploadLimit = raw["uploadLimit"];
  const folder = checkpointFolder(raw["checkpoint"], store, workingFolder);
  const heartbeatMs = duration(raw, "heartbeat", 10);
  const leaseMs = duration(raw, "lease", 10);
  if (leaseMs < 2 * heartbeatMs) {
    throw new SpotproofError(
      "bad-usage",
      `--lease ${raw["lease"]} is shorter than two heartbeats (--heartbeat ${raw["heartbeat"]}): a living attempt would be taken for lost.`,
    );
  }
  return {
    job: parseJobName(raw["job"] ?? ""),
    store,
    storeLimits: {
      uploadBytesPerSecond:
        uploadLimit === undefined ? undefined : parseByteRate(uploadLimit, "--upload-limit"),
      connections: raw["storeConnections"] === undefined ? undefined : count(raw, "storeConnections", 1, 256),
    },
    allowVolatileStore: raw["allowVolatileStore"] !== undefined,
    checkpointFolder: folder,
    ifRunning: raw["ifRunning"] === "leave" ? "leave" : "standby",
    leaseMs,
    maxIdleAttempts: count(raw, "maxIdleAttempts", 0),
    metadataPollMs: duration(raw, "metadataPoll", 10),
    interruptionSignals: (raw["interruptionSignals"] ?? "")
      .split(",")
      .map((name) => signalName(name.trim(), "--interruption-signals")),
    interruptionSignalsAreDefault: raw["interruptionSignals"] === DEFAULT_INTERRUPTION_SIGNALS,
    signalGraceMs: raw["signalGrace"] === undefined ? undefined : duration(raw, "signalGrace", 0),
    channelPort: raw["channelPort"] === undefined ? undefined : count(raw, "channelPort", 0, 65_535),
    logFormat: raw["logFormat"] === "json" ? "json" : "text",
    logFile: logFile(raw["logFile"], folder, workingFolder),
    policy: readPolicy(raw, heartbeatMs),
    command: [file, ...args],
  };
}

function readPolicy(raw: Raw, heartbeatMs: number): RunPolicy {
  return {
    saveEveryMs: raw["every"] === undefined ? undefined : duration(raw, "every", SHORTEST_SAVE_INTERVAL_MS),
    commitBy: raw["commitBy"] === "program" ? "program" : "spotproof",
    noticeSignal:
      raw["noticeSignal"] === undefined ? undefined : signalName(raw["noticeSignal"], "--notice-signal"),
    stopSignal: signalName(raw["stopSignal"] ?? "", "--stop-signal"),
    stopTo: raw["stopTo"] === "leader" ? "leader" : "group",
    stopGraceMs: duration(raw, "stopGrace", 0),
    lingerMs: duration(raw, "linger", 0),
    zeroAfterStop: raw["zeroAfterStop"] === "completed" ? "completed" : "interrupted",
    heartbeatMs,
    restart: {
      retries: count(raw, "retries", 0),
      backoff: { firstMs: duration(raw, "retryWait", 0), longestMs: 300_000 },
      forgiveAfterMs: 3_600_000,
    },
    retention: {
      last: count(raw, "keep", 2),
      hourly: count(raw, "keepHourly", 0),
      daily: count(raw, "keepDaily", 0),
    },
    lastSaveLimitMs: 600_000,
  };
}

function checkpointFolder(
  text: string | undefined,
  store: StoreLocation,
  workingFolder: string,
): string | undefined {
  if (text === undefined) return undefined;
  if (text === "")
    throw new SpotproofError(
      "bad-usage",
      "--checkpoint is empty. Name the folder in which the command keeps its state.",
    );
  const folder = resolve(workingFolder, text);
  if (isWithin(workingFolder, folder)) {
    throw new SpotproofError(
      "bad-usage",
      `--checkpoint ${text} contains the working folder, which would be replaced under the command. Use a folder of its own, such as ./ckpt.`,
    );
  }
  const storePath = pathOnDisk(store);
  if (storePath !== undefined && (isWithin(storePath, folder) || isWithin(folder, storePath))) {
    throw new SpotproofError(
      "bad-usage",
      `--checkpoint ${folder} and --store ${storePath} lie in each other. Keep them apart: the store is what outlives the machine.`,
    );
  }
  return folder;
}

function logFile(
  text: string | undefined,
  folder: string | undefined,
  workingFolder: string,
): string | undefined {
  if (text === undefined) return undefined;
  if (text === "")
    throw new SpotproofError("bad-usage", "--log-file is empty. Name a file to which the log is added.");
  const path = resolve(workingFolder, text);
  if (folder !== undefined && isWithin(path, folder)) throw logInFolder(path, folder);
  return path;
}

/** What was logged since the last save would be gone with each restore, and every save would meet a file that grows. */
export function logInFolder(path: string, folder: string): SpotproofError {
  return new SpotproofError(
    "bad-usage",
    `--log-file ${path} lies in the folder ${folder}, which is saved and replaced. Put it elsewhere.`,
  );
}

/** Whether a path is a folder or lies in it, as far as their names tell. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === "" || (way !== ".." && !way.startsWith("../") && way !== join("/", way));
}

function option(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function duration(raw: Raw, name: string, leastMs: number): number {
  const text = raw[name] ?? "";
  const ms = parseDuration(text, option(name));
  if (ms < leastMs)
    throw new SpotproofError("bad-usage", `${option(name)} ${text} is too short: at least ${leastMs}ms.`);
  return ms;
}

function count(raw: Raw, name: string, least: number, most?: number): number {
  return parseCount(raw[name] ?? "", option(name), least, most);
}

/** `USR1`, `usr1` and `SIGUSR1` are the same. */
function signalName(text: string, what: string): NodeJS.Signals {
  const upper = text.toUpperCase();
  const name = upper.startsWith("SIG") ? upper : `SIG${upper}`;
  if (!(name in constants.signals) || name === "SIGKILL" || name === "SIGSTOP") {
    throw new SpotproofError(
      "bad-usage",
      `${what}: "${text}" is not a signal that can be used here. Examples: SIGTERM, SIGINT, SIGUSR1.`,
    );
  }
  return name as NodeJS.Signals;
}

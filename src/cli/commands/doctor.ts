import { type Command, Option } from "commander";
import {
  SpotproofError,
  formatDuration,
  parseDuration,
  systemClock,
  systemRandom,
} from "../../base/index.ts";
import { type InspectionEnd, type StoreLocation, parseStoreLocation } from "../../store/index.ts";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import { parseByteSize } from "../option-values.ts";
import { type DoctorPaint, describeCheck, describeEnd, doctorPaint } from "../output/doctor-page.ts";
import type { Work } from "../program.ts";

interface DoctorOptions {
  readonly store: string;
  readonly window: string;
  readonly stopGrace: string;
  readonly heartbeat: string;
  readonly lease: string;
  readonly state?: string;
  readonly measure: string;
  readonly json?: boolean;
  readonly racer?: string;
}

/** `spotproof doctor`: will this store hold when the machine goes? */
export function declareDoctorCommand(program: Command, choose: (work: Work) => void): void {
  program
    .command("doctor")
    .summary("check whether a store will hold when the machine goes")
    .description(
      "Checks a store before a job relies on it: reachable, rights, create-if-absent with racing writers, clocks, heartbeats, and its speed against the time between a notice and the end. Writes only objects of its own and removes them. Ends with 0 when nothing is bad, else with 69.",
    )
    .addOption(
      new Option("-s, --store <place>", "the store to check").env("SPOTPROOF_STORE").makeOptionMandatory(),
    )
    .option("--window <duration>", "time between the notice and the end of the machine", "120s")
    .option("--stop-grace <duration>", "how much of it the command needs to stop, at most", "30s")
    .option("--state <size>", "how large the job's state is, for example 4GiB")
    .option("--heartbeat <duration>", "as the jobs will have it", "10s")
    .option("--lease <duration>", "as the jobs will have it", "30s")
    .option(
      "--measure <duration>",
      "for how long packs are written, at most, and never more than 1 GiB; 0s = not at all",
      "10s",
    )
    .option("--json", "machine-readable; the fields are a promise")
    .addOption(new Option("--racer <name>", "be one of the processes that race").hideHelp())
    .action((options: DoctorOptions) =>
      choose((io) => (options.racer === undefined ? doctor(options, io) : race(options.racer, options, io))),
    );
}

async function race(name: string, { store }: DoctorOptions, io: CommandIo): Promise<number> {
  const { runRacer } = await import("../racer-process.ts");
  return runRacer(name, store, io);
}

/** Everything that the command was told, checked. */
interface Settings {
  readonly location: StoreLocation;
  readonly windowMs: number;
  readonly usableMs: number;
  readonly stateBytes: number | undefined;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly measureMs: number;
}

async function readSettings(options: DoctorOptions, io: CommandIo): Promise<Settings> {
  const windowMs = parseDuration(options.window, "--window");
  const heartbeatMs = parseDuration(options.heartbeat, "--heartbeat");
  const leaseMs = parseDuration(options.lease, "--lease");
  if (leaseMs < 2 * heartbeatMs) {
    throw new SpotproofError(
      "bad-usage",
      `--lease ${options.lease} is shorter than two heartbeats (--heartbeat ${options.heartbeat}), as no job may have it.`,
    );
  }
  const { planStop } = await import("../../supervisor/index.ts");
  // As a run divides its time: what is left before the command is asked to stop, when nothing is to be saved after that.
  const plan = planStop({
    nowMs: 0,
    heardAtMs: 0,
    deadlineMs: windowMs,
    finalSaveMs: 0,
    stopGraceMs: parseDuration(options.stopGrace, "--stop-grace"),
  });
  return {
    location: parseStoreLocation(options.store, io.workingFolder, "--store"),
    windowMs,
    usableMs: plan.stopAtMs,
    stateBytes: options.state === undefined ? undefined : parseByteSize(options.state, "--state"),
    heartbeatMs,
    leaseMs,
    measureMs: parseDuration(options.measure, "--measure"),
  };
}

async function doctor(options: DoctorOptions, io: CommandIo): Promise<number> {
  const settings = await readSettings(options, io);
  const { location, heartbeatMs, leaseMs, measureMs, windowMs, usableMs, stateBytes } = settings;
  const { loadInspection } = await import("../../store/index.ts");
  const { inspectStore } = await loadInspection();
  const { inspectedPlace, removeEmptyFolder } = await import("../inspected-place.ts");
  const isForPeople = options.json !== true;
  const paint = await doctorPaint(io.outIsTerminal && io.environment["NO_COLOR"] === undefined);
  const place = inspectedPlace(location, options.store, io);
  if (isForPeople) io.out(`${paint.strong(place.description)}\n\n`);
  const stop = stopOnSignals(io);
  try {
    const end = await inspectStore({
      place,
      clock: systemClock,
      random: systemRandom,
      signal: stop.signal,
      hurry: stop.hurry,
      window: { windowMs, usableMs, stateBytes },
      heartbeat: { heartbeatMs, leaseMs },
      measureMs,
      onCheck: (check) => {
        if (isForPeople) io.out(describeCheck(check, paint, io.outColumns));
      },
      onWait: (waitMs) =>
        io.err(
          `spotproof: another inspection has objects here; watching for ${formatDuration(waitMs)} whether it lives\n`,
        ),
    });
    await removeEmptyFolder(location);
    return tellEnd(end, isForPeople ? paint : undefined, io);
  } finally {
    stop.close();
  }
}

function tellEnd(end: InspectionEnd, paint: DoctorPaint | undefined, io: CommandIo): number {
  if (end.kind === "stopped") {
    const left = end.leftBehind.length === 0 ? "Nothing is left in the store." : "Left in the store:";
    io.err(`spotproof: stopped. ${left} ${end.leftBehind.join(" ")}`.trimEnd().concat("\n"));
    return EXIT.stoppedByUser.status;
  }
  if (paint === undefined) io.out(`${JSON.stringify(end.report, null, 2)}\n`);
  else io.out(describeEnd(end.report, paint, io.outColumns));
  return end.report.verdict === "bad" ? EXIT.unavailable.status : EXIT.done.status;
}

/** The first signal stops the checks, a second one also the removing of what they have written. */
function stopOnSignals(io: CommandIo): {
  readonly signal: AbortSignal;
  readonly hurry: AbortSignal;
  close(): void;
} {
  const [checks, tidying] = [new AbortController(), new AbortController()];
  const onSignal = (): void =>
    (checks.signal.aborted ? tidying : checks).abort(new Error("Stopped by the user."));
  const offs = (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((name) => io.onSignal(name, onSignal));
  return {
    signal: checks.signal,
    hurry: tidying.signal,
    close: () => {
      for (const off of offs) off();
    },
  };
}

import { join } from "node:path";
import type { Fleet, Machine, ProgramEnd, SharedFolder } from "../fleet/index.ts";
import type { MachineMetadata } from "../metadata-mock/index.ts";
import type { Plan } from "../scenario/plan.ts";
import { AttemptDraft, momentOf } from "./attempt-draft.ts";
import { deferred } from "./deferred.ts";
import { LaneMachine } from "./lane-machine.ts";
import { type ProgramResult, judgeProgram } from "./program-result.ts";
import { type RehearsedCommand, supervisedWords } from "./rehearsed-command.ts";
import type { RehearsalTime } from "./rehearsal-time.ts";
import { newestChangeIn } from "./newest-change.ts";
import { LogTail, type LogLine } from "./log-tail.ts";

/** What a lane is made from. */
export interface LaneParts {
  readonly command: RehearsedCommand;
  readonly plan: Plan;
  readonly fleet: Fleet;
  readonly time: RehearsalTime;
  readonly speed: number;
  /** Folders that outlive its machines, with what every machine of it sees in them. */
  readonly shared: readonly SharedFolder[];
  /** The lane's own folder on the host: its store and its logs, which outlive its machines. */
  readonly folder: string;
  /** What starts this program. */
  readonly spotproof: readonly string[];
  /** Begins the names of its machines; no two lanes have the same. */
  readonly name: string;
  readonly startMetadata: (machine: string, zone: string) => Promise<MachineMetadata>;
  /** Called when an attempt goes on from a checkpoint, while that is still in the store. */
  readonly onResumed: (checkpoint: string) => void;
  /** Called when the job is done, while its last machine is still there. */
  readonly onCompleted: (machine: LaneMachine) => Promise<void>;
  readonly tell: (words: string) => void;
}

/** Lines of output that are kept for the explanation of a failure. */
const LAST_WORDS = 40;

/** How long a program that may be started again on its machine waits for that, in ms. */
const START_AGAIN_MS = 500;

/** How long the last lines of a log may be on their way, and how often they are looked for, in ms. */
const LAST_LINES_MS = 1000;
const LOOK_FOR_LINES_MS = 10;

/** Events of `spotproof run` that say why it does not get on. */
const TROUBLES: ReadonlySet<string> = new Set(["save-failed", "store-trouble"]);

/** So often in a row a machine or a store may be unusable: a full disk does not pass by itself. */
const MOST_UNUSABLE = 3;

/** So often a job may leave its machine to an attempt that works nowhere any more. */
const MOST_LEAVES = 10;
const LEAVES_FOR_EVER =
  "an attempt that vanished is taken for alive, and every later start leaves (--if-running leave); one that stands by would take over";

/** One job, over all its machines: rents a machine, starts the job, and rents the next when that one is gone. */
export class Lane {
  readonly parts: LaneParts;
  /** In the order in which they began. */
  readonly attempts: AttemptDraft[] = [];
  readonly machines: LaneMachine[] = [];
  readonly lastWords: string[] = [];
  finishedMs: number | undefined;
  /** The attempt that came to the job's end. */
  completedBy: AttemptDraft | undefined;
  /** The machine on which it was completed; when that is gone already, the one that was told so. */
  completedOn: LaneMachine | undefined;
  gaveUp: string | undefined;
  readonly #over = deferred();
  readonly #leaving = new AbortController();
  #slots: Promise<unknown> | undefined;
  /** What runs on machines, also on those that others have taken the place of. */
  readonly #works: Promise<void>[] = [];
  #rented = 0;
  #trouble: unknown;
  readonly #toldTroubles = new Set<string>();

  constructor(parts: LaneParts) {
    this.parts = parts;
  }

  /** Resolves when the job is completed or given up. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  get isOver(): boolean {
    return this.#over.isResolved();
  }

  /** Where its checkpoints rest. */
  get store(): string {
    return join(this.parts.folder, "store");
  }

  /** The file that says how its store misbehaves. */
  get storeFaultsFile(): string {
    return join(this.parts.folder, "store-faults.json");
  }

  /** Rents the first machines. Trouble of the rehearsal itself gives the job up; `close` throws it. */
  start(): void {
    // A job that nobody supervises would be done twice at the same time.
    const count = this.parts.command.supervision === undefined ? 1 : this.parts.plan.machines;
    const slots = Array.from({ length: count }, (_, slot) => this.#orGiveUp(this.#serve(slot)));
    const { machines } = this.parts.plan.limits;
    this.#slots = Promise.all(slots).then(() => this.giveUp(`not done after ${machines} machines`));
  }

  /** The machine on which the job runs now, if there is one that can be taken away. */
  active(): LaneMachine | undefined {
    const machine = this.machines.find(({ number }) => number === this.working()?.machine);
    return machine === undefined || machine.isEnding || machine.isPaused ? undefined : machine;
  }

  /** The attempt that works now. */
  working(): AttemptDraft | undefined {
    return this.attempts.findLast(({ isWorking }) => isWorking);
  }

  /** Machines that exist now. */
  present(): readonly LaneMachine[] {
    return this.machines.filter(({ isEnding }) => !isEnding);
  }

  /** Gives the job up. Harmless when it is over, or done and about to be. */
  giveUp(reason: string): void {
    if (this.isOver || this.finishedMs !== undefined) return;
    this.gaveUp = reason;
    this.#leave();
  }

  /** Takes everything away and waits until nothing of it is left. */
  async close(): Promise<void> {
    this.giveUp("the rehearsal ended");
    await Promise.all(this.machines.map((machine) => this.#orGiveUp(machine.end("released"))));
    await this.#slots;
    await Promise.all(this.#works);
    if (this.#trouble !== undefined) throw this.#trouble;
  }

  async #orGiveUp(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#trouble ??= error;
      this.giveUp("the rehearsal itself broke down");
    }
  }

  #leave(): void {
    this.#over.resolve();
    this.#leaving.abort();
  }

  async #serve(slot: number): Promise<void> {
    const { zones, limits } = this.parts.plan;
    const { clock } = this.parts.time;
    let delayMs = 0;
    while (!this.isOver) {
      await clock.sleep(delayMs, this.#leaving.signal);
      // Another slot may still have a machine; the last one to end gives up.
      if (this.isOver || this.#rented >= limits.machines) return;
      const machine = await this.#rent(zones[slot % zones.length] ?? "a");
      if (machine === undefined) return;
      const work = this.#orGiveUp(this.#work(machine));
      this.#works.push(work);
      await Promise.race([machine.gone, machine.superseded, this.over]);
      if (machine.isEnding) await Promise.all([machine.gone, work]);
      delayMs = machine.capacityDelayMs;
    }
  }

  /** Undefined when the job was over before the machine was there. */
  async #rent(zone: string): Promise<LaneMachine | undefined> {
    const { plan, time, speed, name, startMetadata } = this.parts;
    // Taken before the first wait: several slots rent at the same time.
    this.#rented += 1;
    const number = this.#rented;
    const machineName = `${name}-${number}`;
    const metadata = await startMetadata(machineName, zone);
    const machine = await this.#prepare(machineName, metadata);
    const rented = new LaneMachine({ number, zone, machine, metadata, time, speed });
    if (this.isOver) {
      await rented.end("released");
      return undefined;
    }
    this.machines.push(rented);
    rented.disturb(plan.metadata.faults);
    return rented;
  }

  async #prepare(name: string, metadata: MachineMetadata): Promise<Machine> {
    const { fleet, shared } = this.parts;
    try {
      return await fleet.rent({ name, environment: this.#environment(metadata), shared });
    } catch (error) {
      await metadata.close();
      throw error;
    }
  }

  #environment(metadata: MachineMetadata): Readonly<Record<string, string>> {
    const faults =
      this.parts.command.supervision === undefined
        ? {}
        : { SPOTPROOF_REHEARSAL_STORE_FAULTS: this.storeFaultsFile };
    // The stores of a rehearsal lie where it does, and last as long as it needs them.
    const store = { SPOTPROOF_ALLOW_VOLATILE_STORE: "1" };
    return { ...metadata.environment, ...faults, ...store, SPOTPROOF_REHEARSAL: "1" };
  }

  /** Starts the job on a machine, again where that is what a machine would do, until the machine or the job has ended. */
  async #work(machine: LaneMachine): Promise<void> {
    let leaves = 0;
    let unusable = 0;
    for (let start = 1; !machine.isEnding && !this.isOver; start += 1) {
      const result = await this.#runOnce(machine, start);
      if (machine.isEnding || this.isOver) return;
      if (result.kind === "completed") return this.#complete(machine);
      if (result.kind === "failed") return this.giveUp(result.reason);
      if (result.kind === "not-needed") return;
      if (result.kind === "running-elsewhere") {
        await this.#nobodyWorks(machine);
        leaves += 1;
        if (leaves > MOST_LEAVES) return this.giveUp(LEAVES_FOR_EVER);
      }
      if (result.kind === "again" && result.unusable !== undefined) {
        unusable += 1;
        if (unusable >= MOST_UNUSABLE) return this.giveUp(`${result.unusable}, ${unusable} times in a row`);
      } else unusable = 0;
      if (machine.isLeaving) await Promise.race([machine.calledOff, machine.gone, this.over]);
      await this.parts.time.clock.sleep(START_AGAIN_MS, this.#leaving.signal);
    }
  }

  /** Waits on a machine until the job works nowhere, as far as can be seen. */
  async #nobodyWorks(machine: LaneMachine): Promise<void> {
    const { clock } = this.parts.time;
    while (!machine.isEnding && !this.isOver && this.active() !== undefined)
      await clock.sleep(START_AGAIN_MS, this.#leaving.signal);
  }

  async #runOnce(machine: LaneMachine, start: number): Promise<ProgramResult> {
    const { command, time } = this.parts;
    if (command.supervision === undefined) return this.#runAsWritten(machine);
    const logFile = join(this.parts.folder, `machine-${machine.number}-${start}.log`);
    const { spotproof, speed } = this.parts;
    const { supervision, words } = command;
    let attempt: AttemptDraft | undefined;
    const hear = (line: LogLine): void => {
      this.#tellTrouble(line);
      attempt ??= this.#attemptOf(line, machine);
      const before = attempt?.resumedFrom;
      attempt?.hear(line, time);
      if (attempt?.resumedFrom !== undefined && attempt.resumedFrom !== before)
        this.parts.onResumed(attempt.resumedFrom);
    };
    const tail = new LogTail(logFile, time.clock, hear);
    const run = { spotproof, command: words, supervision, store: this.store, logFile, speed };
    let end: ProgramEnd;
    try {
      end = await this.#runProgram(machine, supervisedWords(run));
    } finally {
      await tail.close();
    }
    return judgeProgram({ end, attempt, machine, supervised: true, atMs: time.now() });
  }

  async #runAsWritten(machine: LaneMachine): Promise<ProgramResult> {
    const { time, command } = this.parts;
    const attempt = new AttemptDraft(this.attempts.length + 1, machine.number, time.now(), () =>
      machine.pauses(),
    );
    attempt.workFromMs = attempt.fromMs;
    if (this.attempts.length > 0)
      attempt.keptUntilMs = await newestChangeIn(
        this.parts.shared.map(({ source }) => source),
        time,
      );
    if (machine.isEnding) return { kind: "again" };
    this.attempts.push(attempt);
    const end = await this.#runProgram(machine, command.words);
    const left = machine.isEnding ? [] : machine.machine.processes();
    attempt.leftRunning.push(...left.map(({ pid, name }) => `${name} (pid ${pid})`));
    attempt.killed.push(...attempt.leftRunning);
    return judgeProgram({ end, attempt, machine, supervised: false, atMs: time.now() });
  }

  async #runProgram(machine: LaneMachine, words: readonly [string, ...string[]]): Promise<ProgramEnd> {
    const program = machine.machine.start(words, {
      environment: {},
      onLine: (_stream, line) => this.#keepWords(line),
    });
    machine.program = program;
    try {
      return await program.ended;
    } finally {
      machine.program = undefined;
    }
  }

  /** Trouble with the store or the disk that no scenario has made: whoever waits must know for what. Each is told once. */
  #tellTrouble({ event, msg }: LogLine): void {
    if (!TROUBLES.has(String(event)) || this.parts.plan.storeFaults.length > 0) return;
    if (this.#toldTroubles.has(String(event))) return;
    this.#toldTroubles.add(String(event));
    this.parts.tell(`${this.parts.command.title}: ${String(msg)}`);
  }

  #attemptOf(line: LogLine, machine: LaneMachine): AttemptDraft | undefined {
    const { attempt } = line;
    if (typeof attempt !== "number") return undefined;
    const fromMs = momentOf(line, this.parts.time);
    const draft = new AttemptDraft(attempt, machine.number, fromMs, () => machine.pauses());
    this.attempts.push(draft);
    return draft;
  }

  #keepWords(line: string): void {
    this.lastWords.push(line);
    if (this.lastWords.length > LAST_WORDS) this.lastWords.shift();
  }

  async #complete(machine: LaneMachine): Promise<void> {
    // Several slots hear of it, one after the other.
    if (this.isOver || this.finishedMs !== undefined) return;
    this.finishedMs = this.parts.time.now();
    for (const one of this.machines) one.isDone = true;
    this.completedBy = await this.#whoDidIt();
    const by = this.machines.find(({ number }) => number === this.completedBy?.machine);
    this.completedOn = by === undefined || by.isEnding ? machine : by;
    try {
      await this.parts.onCompleted(this.completedOn);
    } finally {
      this.#leave();
    }
    // Nobody pays for a machine that has nothing to do any more.
    await Promise.all(this.machines.map((one) => one.end("released")));
  }

  /** Whoever stands by may end before the one that has done the work, whose log is read a moment later. */
  async #whoDidIt(): Promise<AttemptDraft | undefined> {
    const { time } = this.parts;
    const untilMs = time.now() + LAST_LINES_MS;
    for (;;) {
      const done = this.attempts.findLast(
        ({ end, outcome }) => end?.kind === "completed" || outcome?.kind === "completed",
      );
      if (done !== undefined || time.now() >= untilMs) return done;
      await time.clock.sleep(LOOK_FOR_LINES_MS);
    }
  }
}

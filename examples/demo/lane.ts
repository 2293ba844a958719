import { Ledger } from "./ledger.ts";
import { type CommandEnd, Machine } from "./machine.ts";

/** One of the two jobs that are shown side by side, over all its machines. */
export class Lane {
  readonly title: string;
  readonly ledger: Ledger;
  /** Milliseconds from the start of its first attempt to its successful end. */
  tookMs: number | undefined;
  readonly #words: readonly string[];
  #machine: Machine | undefined;
  #running: Promise<CommandEnd> | undefined;
  #begunMs: number | undefined;
  #closed = false;

  /** `words` is what Node is started with on every machine. */
  constructor(title: string, totalSteps: number, words: readonly string[]) {
    this.title = title;
    this.ledger = new Ledger(totalSteps);
    this.#words = words;
  }

  /**
   * Starts the job on a new machine.
   * @throws Error when the lane is closed
   */
  async startOnNewMachine(fleetFolder: string, name: string): Promise<void> {
    this.#refuseWhenClosed();
    const machine = await Machine.rent(fleetFolder, name);
    this.#machine = machine;
    if (this.#closed) await machine.goAway();
    this.#refuseWhenClosed();
    this.#begunMs ??= performance.now();
    this.#running = this.#runOn(machine, this.#begunMs);
  }

  async #runOn(machine: Machine, begunMs: number): Promise<CommandEnd> {
    const end = await machine.run(this.#words, (line) => this.ledger.hear(line));
    if (end.status === 0) this.tookMs = performance.now() - begunMs;
    return end;
  }

  /** The machine that it runs on now. */
  get machine(): Machine {
    if (this.#machine === undefined) throw new Error("The job has no machine yet.");
    return this.#machine;
  }

  /** Resolves when the job has ended on its machine. */
  ends(): Promise<CommandEnd> {
    if (this.#running === undefined) throw new Error("The job was not started yet.");
    return this.#running;
  }

  /** Takes the machine away, with everything on it. */
  async loseMachine(): Promise<void> {
    await this.#machine?.goAway();
  }

  /** The end: the machine is taken away, and no other will be rented. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.loseMachine();
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new Error("The show is over.");
  }
}

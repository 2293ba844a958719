import type { Clock, Random } from "../base/index.ts";
import type { JobEvent } from "./job.ts";

/** Everything of the process and the machine that a job touches. Real in `runJob`, played in `spotproof/testing`. */
export interface JobSurroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly host: string;
  readonly pid: number;
  /** The words that started the program, for `spotproof status`. */
  readonly command: readonly string[];
  /** Listens for a signal of the process; gives the function that ends that. */
  readonly onSignal: (signal: NodeJS.Signals, handler: () => void) => () => void;
  /** Tells people what happens. */
  readonly tell: (event: JobEvent) => void;
  /** Ends the program with a status, when everything it has printed is out. Never comes back. */
  readonly exit: (status: number) => Promise<never>;
}

/** What one life of a job did, in steps. */
export interface Attempt {
  /** The step after which it began: 0 = from nothing. */
  readonly from: number;
  /** The last step that it is known to have done. */
  reached: number;
  /** Where it says that it saved when it was told to stop. */
  saved?: number;
}

/** What a finished training says of itself. */
export interface Result {
  readonly accuracy: string;
  readonly weights: string;
}

/** Keeps account of a training over all its attempts, from nothing but the lines that it prints. */
export class Ledger {
  readonly attempts: Attempt[] = [];
  result: Result | undefined;
  readonly total: number;
  #waiting: { readonly isSo: () => boolean; readonly resolve: () => void }[] = [];

  constructor(total: number) {
    this.total = total;
  }

  /** How far the job is now. */
  get step(): number {
    return this.attempts.at(-1)?.reached ?? 0;
  }

  /** All steps that were ever done, repeated ones included. */
  get workDone(): number {
    return this.attempts.reduce((sum, attempt) => sum + attempt.reached - attempt.from, 0);
  }

  /** Steps that were done and had to be done again. */
  get repeated(): number {
    return this.attempts.reduce((sum, attempt, index) => {
      const next = this.attempts[index + 1];
      return next === undefined ? sum : sum + attempt.reached - next.from;
    }, 0);
  }

  /** Takes one line of the training's output. */
  hear(line: string): void {
    const begun = /^(?:beginning|going on after step (\d+))/.exec(line);
    if (begun !== null) {
      const from = Number(begun[1] ?? 0);
      this.attempts.push({ from, reached: from });
    }
    const current = this.attempts.at(-1);
    const step = / step +(\d+)\/\d+ /.exec(line) ?? /^told to stop: saved at step (\d+)/.exec(line);
    if (step !== null && current !== undefined) current.reached = Number(step[1]);
    if (line.startsWith("told to stop") && current !== undefined) current.saved = current.reached;
    const result = /^result: (\d+\.\d %).*weights ([0-9a-f]+)/.exec(line);
    if (result?.[1] !== undefined && result[2] !== undefined) {
      this.result = { accuracy: result[1], weights: result[2] };
    }
    const waiting = this.#waiting;
    this.#waiting = waiting.filter((wait) => !wait.isSo());
    for (const wait of waiting) if (!this.#waiting.includes(wait)) wait.resolve();
  }

  /** Resolves when the job has reached this step, in whichever attempt. */
  reaches(step: number): Promise<void> {
    return this.#until(() => this.step >= step);
  }

  /** Resolves when attempt number `attempt` (1, 2, 3 …) has begun to work. */
  begins(attempt: number): Promise<void> {
    return this.#until(() => this.attempts.length >= attempt);
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isSo, resolve }));
  }
}

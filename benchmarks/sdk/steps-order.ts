/** What a process is to do that makes durable steps. Its only argument, as JSON. */
export interface StepsOrder {
  /**
   * `once`: each step's result is kept. `loop`: a state is replaced at the end of each step. `workflows`: as `once`, in as many
   * workflows as steps are at once, each with its steps one after the other.
   */
  readonly kind: "once" | "loop" | "workflows";
  readonly steps: number;
  readonly atOnce: number;
  /** Where things become durable: a folder, or the URL of a database. */
  readonly place: string;
  /** The file that a `StepsReport` is written to. */
  readonly report: string;
}

/** What the steps took, without the start and the end of the process. */
export interface StepsReport {
  readonly tookMs: number;
}

/** What every step gives back, whoever keeps it. */
export function stepResult(step: number): { readonly step: number; readonly text: string } {
  return { step, text: `result ${step}` };
}

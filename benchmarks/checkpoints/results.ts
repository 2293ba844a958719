import { median } from "../paired.ts";
import type { Sample } from "../shared/measuring.ts";

/** Pieces of work that are measured for every tool, in the order in which they are done. */
export const WORKS = {
  first: "first save",
  nothing: "nothing changed",
  change: "1 % changed in place, in 64 regions",
  insert: "1 MiB inserted at the front of a file",
  restore: "restore",
  "files-first": "small files: first save",
  "files-nothing": "small files: nothing changed",
  "files-restore": "small files: restore",
} as const;

/** One of them. */
export type Work = keyof typeof WORKS;

/** One run of one piece of work. */
export interface Run extends Sample {
  /** How much the repository grew. Not of a restore. */
  readonly addedBytes?: number | undefined;
}

/** What can be asked of runs. */
export type Figure = "wallMs" | "cpuMs" | "peakBytes" | "addedBytes";

/** All runs of all tools in one place, such as a folder in memory. */
export class Results {
  readonly #runs = new Map<string, Map<Work, Run[]>>();

  add(tool: string, work: Work, run: Run): void {
    const works = this.#runs.get(tool) ?? new Map<Work, Run[]>();
    this.#runs.set(tool, works);
    works.set(work, [...(works.get(work) ?? []), run]);
  }

  /** Takes a tool out, whose figures would be only a part. */
  forget(tool: string): void {
    this.#runs.delete(tool);
  }

  /** In the order in which they were first measured. */
  get tools(): readonly string[] {
    return [...this.#runs.keys()];
  }

  /** Those that were measured, in the order of `WORKS`. */
  get works(): readonly Work[] {
    const all = Object.keys(WORKS) as Work[];
    return all.filter((work) => this.tools.some((tool) => this.runs(tool, work).length > 0));
  }

  runs(tool: string, work: Work): readonly Run[] {
    return this.#runs.get(tool)?.get(work) ?? [];
  }

  /** The median, or undefined when it was not measured. */
  median(tool: string, work: Work, figure: Figure): number | undefined {
    const values = this.runs(tool, work).flatMap((run) => run[figure] ?? []);
    return values.length === 0 ? undefined : median(values);
  }

  /** One tool's figure divided by another's: the median over the rounds, each compared within itself. */
  ratio(a: string, b: string, work: Work, figure: Figure): number | undefined {
    const others = this.runs(b, work);
    const ratios = this.runs(a, work).flatMap((run, index) => {
      const [mine, theirs] = [run[figure], others[index]?.[figure]];
      return mine === undefined || theirs === undefined || theirs === 0 ? [] : [mine / theirs];
    });
    return ratios.length === 0 ? undefined : median(ratios);
  }

  /** Everything, as plain data. */
  toJSON(): unknown {
    return Object.fromEntries([...this.#runs].map(([tool, works]) => [tool, Object.fromEntries(works)]));
  }
}

import type { Check, CheckId, StoreReport, Verdict } from "../../store/index.ts";

// What `spotproof doctor` prints for people: one block for each check, as soon as it has ended.

const NAMES: Readonly<Record<CheckId, string>> = {
  reachable: "reachable",
  rights: "rights",
  "create-if-absent": "create if absent",
  clocks: "clocks",
  heartbeat: "heartbeat",
  speed: "speed",
};

const NAME_CELLS = 18;
const VERDICT_CELLS = 13;
const NARROWEST_CELLS = 30;

/** How each verdict looks. */
export interface DoctorPaint {
  readonly verdict: (verdict: Verdict, text: string) => string;
  readonly strong: (text: string) => string;
}

/** Colours, or none. */
export async function doctorPaint(inColour: boolean): Promise<DoctorPaint> {
  const { default: colours } = await import("picocolors");
  const paint = colours.createColors(inColour);
  const of: Readonly<Record<Verdict, (text: string) => string>> = {
    good: paint.green,
    warning: paint.yellow,
    bad: paint.red,
    "not-checked": paint.dim,
  };
  return { verdict: (verdict, text) => of[verdict](text), strong: paint.bold };
}

/** One check: its name, the verdict, what was seen, and what to do after an arrow. */
export function describeCheck(check: Check, paint: DoctorPaint, columns: number): string {
  const indent = NAME_CELLS + VERDICT_CELLS;
  const room = Math.max(NARROWEST_CELLS, columns - indent);
  const verdict = check.verdict.replace("-", " ").padEnd(VERDICT_CELLS);
  const lines = [
    ...check.seen.flatMap((sentence) => wrap(sentence, room)),
    ...(check.advice === null ? [] : wrap(`-> ${check.advice}`, room)),
  ];
  const [first = "", ...rest] = lines;
  const head = `${NAMES[check.id].padEnd(NAME_CELLS)}${paint.verdict(check.verdict, verdict)}${first}`;
  return [head, ...rest.map((line) => `${" ".repeat(indent)}${line}`)].map((line) => `${line}\n`).join("");
}

/** What is said when all checks have ended. */
export function describeEnd(report: StoreReport, paint: DoctorPaint, columns: number): string {
  const { earlier, leftBehind } = report;
  const notes = [
    ...(report.place === null ? [] : [`place: ${report.place}`]),
    ...report.cautions.map((caution) => `caution: ${caution}`),
    ...(earlier.removed > 0 ? [`${objects(earlier.removed)} of an earlier, killed inspection removed`] : []),
    ...(earlier.alive > 0
      ? ["another inspection of this store is under way; its objects were left alone"]
      : []),
    ...nameAll("left by an earlier inspection, remove by hand", earlier.left),
    ...nameAll("left behind, remove by hand", leftBehind),
  ];
  const words = notes.flatMap((note) => wrap(note, Math.max(NARROWEST_CELLS, columns)));
  const about = words.length === 0 ? "" : `\n${words.map((line) => `${line}\n`).join("")}`;
  return `${about}\n${paint.strong(paint.verdict(report.verdict, conclusion(report)))}\n`;
}

const objects = (count: number): string => `${count} object${count === 1 ? "" : "s"}`;

function nameAll(what: string, keys: readonly string[]): readonly string[] {
  return keys.length === 0 ? [] : [`${what}: ${keys.join(" ")}`];
}

function conclusion({ checks, verdict }: StoreReport): string {
  const count = (of: Verdict): number => checks.filter((check) => check.verdict === of).length;
  const unchecked = count("not-checked");
  const but = unchecked === 0 ? "" : ` (${unchecked} not checked)`;
  switch (verdict) {
    case "good":
      return `This store will hold${but}.`;
    case "warning":
      return `This store works, with something to know${but}.`;
    case "bad":
      return `Do not rely on this store: ${count("bad")} of ${checks.length} checks ended badly${but}.`;
    default:
      return verdict satisfies never;
  }
}

/** Breaks a text into lines of at most so many cells, at its spaces; a longer word stays whole. */
export function wrap(text: string, cells: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > cells) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return line === "" ? lines : [...lines, line];
}

import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll } from "vitest";
import type { RehearsalRecord, RehearsedJob, Verdict } from "../../src/simulator/index.ts";
import { type StartedSpotproof, startSpotproof, survivorsAfterAMoment } from "./run-spotproof.ts";

// Rehearsals as users start them. Each has a working folder, a TMPDIR and a mark of its own, so several may run at the same
// time; each fails its test when it leaves a process or a temporary file behind, or changes anything in the working folder.

/** What `--json` prints. */
export interface RehearsalReport {
  readonly format: number;
  readonly record: RehearsalRecord;
  readonly verdict: Verdict;
}

/** How a rehearsal is started. */
export interface RehearseOptions {
  /** YAML; its path is given with `--scenario`. */
  readonly scenario?: string;
  /** In the working folder, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

/** A rehearsal that was started. */
export interface StartedRehearsal extends StartedSpotproof {
  readonly workingFolder: string;
  /** What lies in its TMPDIR now. */
  temporaryFiles(): readonly string[];
  /** Marked processes that are still alive after at most 10 s. */
  survivors(): Promise<readonly string[]>;
}

/** A rehearsal that has ended. */
export interface EndedRehearsal {
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
  readonly workingFolder: string;
  /** What `--report report.html` wrote. */
  readonly page: string | undefined;
}

/** The file beside the working folder that `--report` may name. */
export const REPORT = "../report.html";

const LOOKS_FOR_SURVIVORS = 500;

/** Two cores are slow for more: others wait for their turn. */
const MOST_AT_ONCE = 4;
let running = 0;
const waiting: (() => void)[] = [];
const living = new Set<StartedSpotproof>();

// A test that has timed out leaves its rehearsal to us. SIGTERM: it takes its machines with it.
afterAll(async () => {
  for (const { child } of living) child.kill("SIGTERM");
  await Promise.all([...living].map(({ ended }) => ended));
});

/** Rehearses with these words after `spotproof rehearse`, `look` while it runs, and waits for its end. */
export async function rehearse(
  args: readonly string[],
  options: RehearseOptions = {},
  look: (rehearsal: StartedRehearsal) => Promise<void> = () => Promise.resolve(),
): Promise<EndedRehearsal> {
  if (running >= MOST_AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  const base = realpathSync(mkdtempSync(join(tmpdir(), "spotproof-test-")));
  try {
    return await rehearseIn(base, args, options, look);
  } finally {
    rmSync(base, { recursive: true, force: true });
    running -= 1;
    waiting.shift()?.();
  }
}

async function rehearseIn(
  base: string,
  args: readonly string[],
  options: RehearseOptions,
  look: (rehearsal: StartedRehearsal) => Promise<void>,
): Promise<EndedRehearsal> {
  const workingFolder = join(base, "work");
  const temporaryFolder = join(base, "tmp");
  furnish(base, options);
  const before = contentOf(workingFolder);
  const mark = randomBytes(8).toString("hex");
  const scenario = options.scenario === undefined ? [] : ["--scenario", "../scenario.yaml"];
  const started = startSpotproof(
    ["rehearse", ...scenario, ...args],
    {
      workingFolder,
      // Machines do not get variables of Spotproof's own, so the mark has another name for them.
      environment: { TMPDIR: temporaryFolder, REHEARSAL_TEST: mark, ...options.environment },
      ...(options.uid === undefined ? {} : { uid: options.uid }),
    },
    mark,
  );
  living.add(started);
  void started.ended.finally(() => living.delete(started));
  const rehearsal: StartedRehearsal = {
    ...started,
    workingFolder,
    temporaryFiles: () => readdirSync(temporaryFolder),
    survivors: () => survivorsAfterAMoment(mark, LOOKS_FOR_SURVIVORS),
  };
  try {
    await look(rehearsal);
  } catch (error) {
    started.child.kill("SIGTERM");
    await started.ended;
    throw error;
  }
  const status = await started.ended;
  const said = `${started.stdout()}\n${started.stderr()}`;
  refuseRemains("processes", await rehearsal.survivors(), said);
  // Whoever is killed by force cannot tidy up.
  if (status !== "SIGKILL") refuseRemains("temporary files", rehearsal.temporaryFiles(), said);
  const changed = differences(before, contentOf(workingFolder));
  refuseRemains("changes in the working folder", changed, said);
  const page = contentOf(base).get("report.html");
  return { status, stdout: started.stdout(), stderr: started.stderr(), workingFolder, page };
}

function furnish(base: string, { scenario, files = {}, uid }: RehearseOptions): void {
  chmodSync(base, 0o755);
  const folders = [base, join(base, "work"), join(base, "tmp")];
  for (const folder of folders) mkdirSync(folder, { recursive: true });
  if (scenario !== undefined) writeFileSync(join(base, "scenario.yaml"), scenario);
  for (const [path, text] of Object.entries(files)) {
    const file = join(base, "work", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (uid !== undefined) for (const folder of folders) chownSync(folder, uid, uid);
}

/** Every file and folder, with what is in it. */
function contentOf(folder: string): ReadonlyMap<string, string> {
  const content = new Map<string, string>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    content.set(path.slice(folder.length + 1), entry.isFile() ? readFileSync(path, "utf8") : "folder");
  }
  return content;
}

function differences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path));
}

function refuseRemains(what: string, remains: readonly string[], said: string): void {
  if (remains.length > 0) throw new Error(`The rehearsal left ${what}: ${remains.join(", ")}\n${said}`);
}

/** Does something once, when it is asked for first: several tests look at the same rehearsal. */
export function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** What `--json` printed; fails with everything that was said when it is not one JSON document. */
export function reportOf({ stdout, stderr }: EndedRehearsal): RehearsalReport {
  try {
    return JSON.parse(stdout) as RehearsalReport;
  } catch (error) {
    throw new Error(`no JSON: ${stdout}\n${stderr}`, { cause: error });
  }
}

/** The job itself, not the one that it is compared with. */
export function jobOf(ended: EndedRehearsal): RehearsedJob {
  const [job] = reportOf(ended).record.jobs;
  if (job === undefined) throw new Error(`a record without a job: ${ended.stdout}`);
  return job;
}

/** The findings about the job, in one line each: `L01 fails: …`. */
export function findingsOf(ended: EndedRehearsal): readonly string[] {
  const [verdict] = reportOf(ended).verdict.jobs;
  return (verdict?.findings ?? []).map(({ id, severity, detail }) => `${id} ${severity}: ${detail}`);
}

/** One end without a word in the middle, and a successor at once. */
export const ONE_END = `
name: one end
capacity: 1s
interruptions:
  - { at: 50%, lead: none }
`;

/** One end in the middle, announced the usual two minutes before. */
export const ONE_NOTICE = `
name: one notice
capacity: 1s
interruptions:
  - { at: 40%, lead: 120s }
`;

import { SpotproofError, parseJobName } from "../base/index.ts";
import { readContents } from "../checkpoint/index.ts";
import { readJobHistory } from "../job/index.ts";
import { openStore, parseStoreLocation } from "../store/index.ts";
import { type ItemOutcome, results } from "./items/index.ts";
import { keptParts } from "./keeping/kept-contents.ts";
import { logPartNames } from "./recorder.ts";

/** Whose results are read, and from where. */
export interface ResultsPlace {
  /** As for `runJob`. */
  readonly store: string;
  readonly job: string;
  /** The name of the list. Default `items`. */
  readonly list?: string;
}

/**
 * What became of the items of a list, read from the newest checkpoint of a job that is completed, interrupted or running elsewhere.
 * As `job.results`, for programs that are not the job.
 * @throws SpotproofError `job-not-found`, `checkpoint-not-found`, `checkpoint-damaged`, `bad-usage`, what the store throws
 */
export async function* readResultsIn<Result>(
  { store: location, job: name, list }: ResultsPlace,
  workingFolder: string,
): AsyncGenerator<ItemOutcome<Result>, void, undefined> {
  const job = parseJobName(name);
  const opened = await openStore(parseStoreLocation(location, workingFolder, "store"), "read");
  try {
    const history = await readJobHistory(opened.store, job);
    if (history === undefined) {
      throw new SpotproofError("job-not-found", `${opened.store.description} has no job ${job}.`);
    }
    const [newest] = history.lineage;
    if (newest === undefined)
      throw new SpotproofError("checkpoint-not-found", `Job ${job} has no checkpoint yet.`);
    const { parts } = await keptParts(await readContents(opened.store, job, newest));
    const readLog = (log: string) => {
      const [part = log] = logPartNames({ logs: [log] });
      const bytes = parts.sizes.get(part);
      if (bytes === undefined) return undefined;
      const read = (from?: number): AsyncIterable<Buffer> => parts.stream(part, from);
      const append = (): never => {
        throw new SpotproofError("internal", "Results are only read here.");
      };
      return { restoredBytes: bytes, read, append };
    };
    yield* results<Result>({ readLog }, list);
  } finally {
    await opened.close();
  }
}

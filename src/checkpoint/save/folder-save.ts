import fs from "node:fs/promises";
import { type MonotonicMs, SpotproofError, systemErrorCode } from "../../base/index.ts";
import type {
  FileSavedOpen,
  FolderSaverOptions,
  PausedCommand,
  SaveReason,
  SaveRequest,
  SaveResult,
} from "../checkpoint.ts";
import type { AttemptCheckpoints } from "./attempt-checkpoints.ts";
import { type Capture, captureFiles, storeCapture } from "./capture.ts";
import { commitCheckpoint } from "./commit-checkpoint.ts";
import { ContentStorer } from "./content-storer.ts";
import { folderError } from "./folder-errors.ts";
import { FolderPath } from "./folder-path.ts";
import { PackWriter } from "./pack-writer.ts";
import type { FileReading, ScannedFile } from "./file-reading.ts";
import { storeFromFolder } from "./read-files.ts";
import { isTrustworthy } from "./saver-index.ts";
import { type Scan, sameState, scanFolder } from "./scan.ts";
import { Staging } from "./staging.ts";
import { firstNames, inodeOf, listEntries } from "./write-list.ts";

/** More than this is stored while the command still runs; less is quickly taken in the pause. */
const DIRTY_ENOUGH_TO_COPY_AHEAD_BYTES = 32 * 1024 * 1024;
const MOST_ROUNDS_AHEAD = 3;
const MOST_TRIES = 3;

/** The folder as it was at one moment, and what is still to be stored of it. */
interface Moment {
  readonly scan: Scan;
  readonly capture: Capture;
  readonly lookedAtNs: bigint;
  readonly capturedAtMs: MonotonicMs;
  readonly capturedAtWallMs: number;
  readonly note: Readonly<Record<string, unknown>>;
  readonly pausedMs: number;
  /** Inodes of files that the command had mapped for writing. */
  readonly mapped: ReadonlySet<string>;
  readonly openForWriting: readonly FileSavedOpen[];
}

/** One save, from its first look at the folder to its manifest. */
export class FolderSave {
  readonly #options: FolderSaverOptions;
  readonly #checkpoints: AttemptCheckpoints;
  readonly #request: SaveRequest;
  readonly #startedAtMs: MonotonicMs;
  #readBytes = 0;

  constructor(options: FolderSaverOptions, checkpoints: AttemptCheckpoints, request: SaveRequest) {
    this.#options = options;
    this.#checkpoints = checkpoints;
    this.#request = request;
    this.#startedAtMs = options.clock.now();
  }

  /** Makes the checkpoint. Whatever happens, the command runs again and the staging folder is gone afterwards. */
  async run(): Promise<SaveResult> {
    const { signal } = this.#request;
    signal?.throwIfAborted();
    await this.#checkpoints.open(signal);
    const folder = await openFolder(this.#options.folder, this.#request.reason);
    const staging = new Staging(folder, this.#options.clock);
    const writer = new PackWriter(this.#checkpoints.destination, signal);
    const storer = new ContentStorer(writer, signal);
    const reading: FileReading = { folder, index: this.#checkpoints.index, storer, signal, smallBuffers: [] };
    await staging.open();
    let outcome: "success" | "failure" = "failure";
    try {
      const moment = await this.#captureMoment(reading, staging);
      await storeCapture(reading, staging, moment.capture, (file) => isTrustedIn(moment, file));
      this.#readBytes = storer.readBytes;
      const result = await this.#commit(moment, writer, storer);
      outcome = "success";
      return result;
    } finally {
      storer.close(outcome);
      await writer.abandon();
      reading.index.forgetUnstored();
      await staging.close();
    }
  }

  async #captureMoment(reading: FileReading, staging: Staging): Promise<Moment> {
    const { pause } = this.#request;
    if (pause === undefined) return this.#captureAtRest(reading, staging);
    await this.#storeAhead(reading, staging);
    const { clock } = this.#options;
    reading.signal?.throwIfAborted();
    const pausedAtMs = clock.now();
    const paused = await pause();
    let resumed = false;
    const resume = async (): Promise<void> => {
      resumed = true;
      await paused.resume();
    };
    try {
      const moment = await this.#capturePaused(reading, staging, paused);
      await resume();
      const pausedMs = clock.now() - pausedAtMs;
      return {
        ...moment,
        pausedMs,
        openForWriting: this.#checkpoints.whole.open(moment.scan, reading.folder, paused),
      };
    } finally {
      if (!resumed) await resume();
    }
  }

  /** Stores most of what changed while the command runs, so that the pause is short. Only fills the index. */
  async #storeAhead(reading: FileReading, staging: Staging): Promise<void> {
    let before = Number.POSITIVE_INFINITY;
    for (let round = 0; round < MOST_ROUNDS_AHEAD; round += 1) {
      const scan = await scanFolder(reading.folder, reading.signal);
      const dirty = this.#changedFiles(scan, new Set());
      const bytes = dirty.reduce((sum, file) => sum + file.stat.size, 0);
      if (bytes < DIRTY_ENOUGH_TO_COPY_AHEAD_BYTES || bytes > before / 2) return;
      for (const { path } of dirty) this.#checkpoints.whole.keep(path);
      await storeFromFolder(reading, dirty, () => staging.fileSystemNowNs());
      before = bytes;
    }
  }

  async #capturePaused(reading: FileReading, staging: Staging, paused: PausedCommand): Promise<Moment> {
    for (let attempt = 0; attempt < MOST_TRIES; attempt += 1) {
      const taken = this.#momentNow();
      const lookedAtNs = await staging.fileSystemNowNs();
      const scan = await scanFolder(reading.folder, reading.signal);
      const mapped = mappedInodes(scan, reading.folder, paused.mappedFiles);
      const capture = await captureFiles(reading, staging, this.#changedFiles(scan, mapped));
      if (capture !== "changed")
        return { scan, capture, lookedAtNs, mapped, pausedMs: 0, openForWriting: [], ...taken };
    }
    throw stillChanging(reading.folder, "though the command was paused: another process writes it");
  }

  /** Nobody should be writing: files are stored where they lie, and looked at again afterwards. */
  async #captureAtRest(reading: FileReading, staging: Staging): Promise<Moment> {
    const read = new Map<string, ScannedFile>();
    const taken = this.#momentNow();
    for (let attempt = 0; attempt <= MOST_TRIES; attempt += 1) {
      const scan = await scanFolder(reading.folder, reading.signal);
      const dirty = this.#changedFiles(scan, new Set()).filter((file) => {
        const before = read.get(file.path);
        return before === undefined || !sameState(before.stat, file.stat);
      });
      if (dirty.length === 0) {
        const capture = { files: [], readWhilePaused: 0 };
        const still = { lookedAtNs: 0n, mapped: new Set<string>(), pausedMs: 0, openForWriting: [] };
        return { scan, capture, ...still, ...taken };
      }
      const changed = new Set(await storeFromFolder(reading, dirty, () => staging.fileSystemNowNs()));
      for (const file of dirty) if (!changed.has(file.path)) read.set(file.path, file);
    }
    throw stillChanging(reading.folder, "though no command was running: another process writes it");
  }

  #momentNow(): Pick<Moment, "capturedAtMs" | "capturedAtWallMs" | "note"> {
    const { clock } = this.#options;
    const note = this.#request.note?.() ?? {};
    return { capturedAtMs: clock.now(), capturedAtWallMs: clock.wallTime(), note };
  }

  #changedFiles(scan: Scan, mapped: ReadonlySet<string>): readonly ScannedFile[] {
    const { index } = this.#checkpoints;
    const links = firstNames(scan);
    return scan.entries.filter((entry): entry is ScannedFile => {
      if (entry.kind !== "file" || links.has(entry.path)) return false;
      return mapped.has(inodeOf(entry.stat)) || index.unchanged(entry.path, entry.stat) === undefined;
    });
  }

  async #commit(moment: Moment, writer: PackWriter, storer: ContentStorer): Promise<SaveResult> {
    const entries = listEntries(moment.scan, this.#checkpoints.index);
    const { reason, signal } = this.#request;
    const confirm = (): ReturnType<SaveRequest["confirm"]> => this.#request.confirm();
    const label = { ...moment, job: this.#options.job, reason, confirm, signal };
    const committed = await commitCheckpoint(this.#checkpoints, label, entries, { writer, storer });
    if (committed === "fenced-out") return { kind: "fenced-out" };
    this.#checkpoints.whole.saved(moment.openForWriting);
    const readWhilePaused = moment.capture.readWhilePaused;
    return {
      kind: "saved",
      checkpoint: {
        ...committed,
        capturedAtMs: moment.capturedAtMs,
        readBytes: this.#readBytes,
        durationMs: this.#options.clock.now() - this.#startedAtMs,
        pausedMs: moment.pausedMs,
        skipped: moment.scan.skipped,
        remarks: readWhilePaused === 0 ? [] : [noRoomRemark(readWhilePaused)],
        ...(moment.openForWriting.length === 0 ? {} : { openForWriting: moment.openForWriting }),
      },
    };
  }
}

/** Only the first save of all makes the folder. Later its absence is the command's doing, and never the same as "empty". */
async function openFolder(path: string, reason: SaveReason): Promise<FolderPath> {
  try {
    if (reason === "start") await fs.mkdir(path, { recursive: true });
    return new FolderPath(await fs.realpath(path));
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT")
      throw new SpotproofError("folder-missing", `${path} does not exist at this moment.`, { cause: error });
    throw folderError(`The checkpoint folder ${path} cannot be opened`, error);
  }
}

function mappedInodes(scan: Scan, folder: FolderPath, mapped: ReadonlySet<string>): ReadonlySet<string> {
  if (mapped.size === 0) return new Set();
  const files = scan.entries.filter(({ kind, path }) => kind === "file" && mapped.has(folder.show(path)));
  return new Set(files.map(({ stat }) => inodeOf(stat)));
}

function isTrustedIn(moment: Moment, file: ScannedFile): boolean {
  return isTrustworthy(file.stat, moment.lookedAtNs) && !moment.mapped.has(inodeOf(file.stat));
}

function stillChanging(folder: FolderPath, why: string): SpotproofError {
  return new SpotproofError("folder-changing", `The content of ${folder.path} kept changing ${why}.`);
}

function noRoomRemark(files: number): string {
  return `The command stood still while ${files} large changed file(s) were read, because the disk beside the folder has no room for a copy.`;
}

import { type MonotonicMs, SpotproofError } from "../../base/index.ts";
import type { SaveResult } from "../checkpoint.ts";
import type { Content, ContentsSaveRequest, ContentsSaverOptions } from "../contents.ts";
import { type ChunkRef, type ContentPart, isInline } from "../format/chunk.ts";
import { type DirectoryEntry, type FileEntry, partsBytes } from "../format/file-list.ts";
import type { PathBytes } from "../format/path-bytes.ts";
import { planRuns, readRun } from "../restore/read-checkpoint.ts";
import { type AppendLog, type LogMoment, type SavedLog, storeLog } from "./append-log.ts";
import type { AttemptCheckpoints } from "./attempt-checkpoints.ts";
import { type CommittedCheckpoint, commitCheckpoint } from "./commit-checkpoint.ts";
import { ContentStorer } from "./content-storer.ts";
import { contentsByPath, foldersOf } from "./content-paths.ts";
import type { ContentsIndex } from "./contents-index.ts";
import { turn } from "./event-loop.ts";
import { PackWriter } from "./pack-writer.ts";
import { Pieces } from "./pieces.ts";

/**
 * So many bytes of a checkpoint stand in its manifest, which spares the pack: a second object, and a second wait for it. More
 * would make every manifest, which is written anew by each save and read by each prune, cost more than that.
 */
const INLINE_BYTES = 24 * 1024;
/** The list stands in the manifest up to this length: the inline bytes in base64, and some 300 references to chunks. */
const LIST_BYTES = 64 * 1024;
/** Less than this goes into packs of this length at most, whose memory costs less than that of whole ones. */
const LITTLE_BYTES = 4 * 1024 * 1024;
/** Contents up to this length are cut where they lie; longer ones in blocks, which other threads hash. */
const AT_ONCE_BYTES = 8 * 1024 * 1024;
/** As above, where there are other threads. */
const AT_ONCE_BESIDE_THREADS_BYTES = 1024 * 1024;

/** A log of this saver, as the save found it and as it stores it. */
interface LogSave {
  readonly log: AppendLog;
  readonly moment: LogMoment;
  saved?: SavedLog;
}

/** What a successful save leaves behind for the next one. */
export interface SavedContents {
  readonly result: SaveResult;
  readonly files: ReadonlyMap<PathBytes, FileEntry>;
}

/** One save of contents, from the moment of its request to its manifest. */
export class ContentsSave {
  readonly #options: ContentsSaverOptions;
  readonly #checkpoints: AttemptCheckpoints;
  readonly #index: ContentsIndex;
  readonly #request: ContentsSaveRequest;
  readonly #contents: ReadonlyMap<PathBytes, Content>;
  readonly #folders: ReadonlySet<PathBytes>;
  readonly #logs = new Map<PathBytes, LogSave>();
  readonly #writer: PackWriter;
  readonly #storer: ContentStorer;
  readonly #note: Readonly<Record<string, unknown>>;
  readonly #capturedAtMs: MonotonicMs;
  readonly #capturedAtWallMs: number;
  #hasThreads = false;

  /** Takes the moment. @throws SpotproofError `internal` when the contents are impossible. */
  constructor(
    options: ContentsSaverOptions,
    checkpoints: AttemptCheckpoints,
    index: ContentsIndex,
    request: ContentsSaveRequest,
    openLogs: ReadonlyMap<PathBytes, AppendLog>,
  ) {
    this.#options = options;
    this.#checkpoints = checkpoints;
    this.#index = index;
    this.#request = request;
    this.#contents = contentsByPath(request.contents);
    this.#folders = foldersOf(this.#contents);
    for (const [path, content] of this.#contents) {
      if (content.kind === "unchanged" && !index.files.has(path))
        throw internal(`${content.path} is not in the last checkpoint, so it cannot be unchanged.`);
      if (content.kind !== "log") continue;
      const log = openLogs.get(path);
      if (log === undefined || log !== content.log)
        throw internal(
          `The log ${content.path} is not open: a save has left it out, or another saver opened it.`,
        );
      this.#logs.set(path, { log, moment: log.moment() });
    }
    this.#writer = new PackWriter(checkpoints.destination, request.signal);
    this.#storer = new ContentStorer(this.#writer, request.signal);
    this.#note = request.note?.() ?? {};
    this.#capturedAtMs = options.clock.now();
    this.#capturedAtWallMs = options.clock.wallTime();
  }

  /** Makes the checkpoint. */
  async run(): Promise<SavedContents> {
    const { signal } = this.#request;
    signal?.throwIfAborted();
    await this.#checkpoints.open(signal);
    let outcome: "success" | "failure" = "failure";
    try {
      this.#expectWork();
      const parts = new Map<PathBytes, readonly ContentPart[]>();
      for (const [path, content] of this.#contents) parts.set(path, await this.#partsOf(path, content));
      const files = this.#entriesOf(await this.#withinLimit(parts));
      const saved = await this.#commit(files);
      outcome = "success";
      return saved;
    } finally {
      this.#storer.close(outcome);
      await this.#writer.abandon();
    }
  }

  #expectWork(): void {
    let bytes = 0;
    for (const content of this.#contents.values())
      if (content.kind === "bytes") bytes += new Pieces(content.pieces).length;
    for (const { moment } of this.#logs.values()) bytes += new Pieces(moment.tail).length;
    if (bytes < LITTLE_BYTES) {
      this.#writer.workshop = {
        copy: (target, at, source) => target.set(source, at),
        packBuffer: () => Buffer.allocUnsafeSlow(LITTLE_BYTES),
      };
    } else this.#hasThreads = this.#storer.expect(bytes, 0).readFiles !== undefined;
  }

  async #partsOf(path: PathBytes, content: Content): Promise<readonly ContentPart[]> {
    this.#request.signal?.throwIfAborted();
    if (content.kind === "unchanged") return this.#index.files.get(path)?.parts ?? [];
    if (content.kind === "bytes")
      return this.#storeBytes(new Pieces(content.pieces), this.#index.files.get(path)?.parts);
    const save = this.#logs.get(path);
    if (save === undefined) throw internal(`The log ${content.path} was lost in a save.`);
    save.saved = await storeLog(save.moment, {
      store: (bytes) => this.#storer.storeChunk(bytes, path),
      load: (chunk) => this.#load(chunk),
    });
    return save.saved.parts;
  }

  async #storeBytes(
    pieces: Pieces,
    before: readonly ContentPart[] | undefined,
  ): Promise<readonly ContentPart[]> {
    const { length } = pieces;
    if (length === 0) return [];
    if (length <= INLINE_BYTES) return [{ inline: pieces.part(0, length) }];
    if (length <= (this.#hasThreads ? AT_ONCE_BESIDE_THREADS_BYTES : AT_ONCE_BYTES))
      return this.#storer.storeBytes(pieces.part(0, length), false);
    const copy = async (into: Buffer, position: number): Promise<number> => {
      await turn();
      return pieces.copyTo(into, position);
    };
    return this.#storer.storeBlocks(copy, false, before);
  }

  async #load(chunk: ChunkRef): Promise<Buffer> {
    const { store, job } = this.#options;
    const source = { store, job, signal: this.#request.signal };
    let loaded = Buffer.alloc(0);
    for (const run of planRuns([chunk])) {
      await readRun(source, run, (_, raw) => {
        loaded = Buffer.from(raw);
      });
    }
    return loaded;
  }

  /** The shortest inline contents stay inline, as many as there is room for; the others become chunks. */
  async #withinLimit(
    parts: ReadonlyMap<PathBytes, readonly ContentPart[]>,
  ): Promise<ReadonlyMap<PathBytes, readonly ContentPart[]>> {
    const inlineOf = (some: readonly ContentPart[]): number => partsBytes(some.filter(isInline));
    const within = new Map(parts);
    let left = INLINE_BYTES;
    for (const [path, some] of [...parts].sort(([, a], [, b]) => inlineOf(a) - inlineOf(b))) {
      const bytes = inlineOf(some);
      if (bytes <= left) left -= bytes;
      else within.set(path, await this.#withoutInline(path, some));
    }
    return within;
  }

  async #withoutInline(path: PathBytes, parts: readonly ContentPart[]): Promise<readonly ContentPart[]> {
    const stored: ContentPart[] = [];
    for (const part of parts)
      stored.push(isInline(part) ? await this.#storer.storeChunk(Buffer.from(part.inline), path) : part);
    return stored;
  }

  #entriesOf(parts: ReadonlyMap<PathBytes, readonly ContentPart[]>): readonly (DirectoryEntry | FileEntry)[] {
    const mtimeNs = BigInt(Math.floor(this.#capturedAtWallMs * 1e6));
    const owner = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    const folders = [...this.#folders].map((path) => {
      return { type: "directory" as const, path, mode: 0o700, mtimeNs, ...owner };
    });
    const files = [...parts].map(([path, some]): FileEntry => {
      const last = this.#index.files.get(path);
      const size = partsBytes(some);
      const kind = this.#contents.get(path)?.kind;
      const isSame = kind === "unchanged" || (kind === "log" && last?.size === size);
      if (isSame && last !== undefined) return { ...last, parts: some };
      return { type: "file", path, mode: 0o600, mtimeNs, ...owner, size, sparse: false, parts: some };
    });
    return [...folders, ...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  async #commit(entries: readonly (DirectoryEntry | FileEntry)[]): Promise<SavedContents> {
    const { job, clock } = this.#options;
    const { reason, signsOfEnd, signal } = this.#request;
    const confirm = (): ReturnType<ContentsSaveRequest["confirm"]> => this.#request.confirm();
    const label = {
      job,
      reason,
      confirm,
      signsOfEnd,
      signal,
      note: this.#note,
      capturedAtWallMs: this.#capturedAtWallMs,
    };
    const through = { writer: this.#writer, storer: this.#storer };
    const committed = await commitCheckpoint(this.#checkpoints, label, entries, through, LIST_BYTES);
    if (committed === "fenced-out") return { result: { kind: "fenced-out" }, files: this.#index.files };
    for (const { log, moment, saved } of this.#logs.values())
      if (saved !== undefined) log.adopt(moment, saved);
    const files = entries.filter((entry) => entry.type === "file");
    return {
      result: this.#resultOf(committed, clock.now()),
      files: new Map(files.map((entry) => [entry.path, entry])),
    };
  }

  #resultOf(committed: CommittedCheckpoint, nowMs: MonotonicMs): SaveResult {
    return {
      kind: "saved",
      checkpoint: {
        ...committed,
        capturedAtMs: this.#capturedAtMs,
        readBytes: this.#storer.readBytes,
        durationMs: nowMs - this.#capturedAtMs,
        pausedMs: 0,
        skipped: [],
      },
    };
  }
}

function internal(detail: string): SpotproofError {
  return new SpotproofError("internal", detail);
}

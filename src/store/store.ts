/** A key: segments of `A-Z a-z 0-9 . _ -`, joined by `/`. */
export type StoreKey = string;

/** Bytes to write, in order. Several pieces spare the caller a copy. */
export type StoreBytes = readonly Uint8Array[];

/** What every call takes. */
export interface CallOptions {
  /** Ends the call early; it then rejects with the signal's reason. The write may or may not have happened. */
  readonly signal?: AbortSignal | undefined;
}

/** A part of an object. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** What `read` takes beside. */
export interface ReadOptions extends CallOptions {
  readonly range?: ByteRange | undefined;
  /**
   * Room for the result, which the caller lends until the call has ended: spares an allocation for each of many reads.
   * When the result fits it may be (the beginning of) this buffer, and need not be. A call that was given up may still
   * write into it, and so may an earlier try of a call that was repeated: when the result lies elsewhere, let go of it.
   */
  readonly into?: Buffer | undefined;
}

/** One object as a listing shows it. */
export interface StoredObject {
  readonly key: StoreKey;
  readonly sizeBytes: number;
}

/** What `createAndLook` has done and seen. */
export interface CreatedAndLooked {
  readonly created: "created" | "exists";
  /** False also when it could not be seen. */
  readonly allAbsent: boolean;
}

/**
 * Holds bytes under keys. Knows nothing of jobs, chunks or manifests.
 *
 * What every implementation promises, and the contract suite tests:
 * - A resolved write is durable: it survives the loss of power of the machine that wrote it.
 * - A reader sees the whole of an object or none of it, whatever happens to the writer.
 * - Reads and listings that begin after a write has resolved see that write.
 * - Trouble is thrown as a SpotproofError (`store-unreachable`, `store-not-writable`, `store-full`; `record-damaged` when of
 *   one object something is lost for good, while the store as such works).
 */
export interface Store {
  /** For messages: the kind and the place, such as `folder /mnt/jobs`. */
  readonly description: string;
  /** Writes an object only if the key is free. Of any number of racing creators exactly one is told "created". */
  create(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<"created" | "exists">;
  /**
   * As `create`, and once that has its answer and is durable, tells whether none of the keys `absent` is there. Only stores
   * that need but one way to it for both have this.
   */
  createAndLook?(
    key: StoreKey,
    bytes: StoreBytes,
    absent: readonly StoreKey[],
    options?: CallOptions,
  ): Promise<CreatedAndLooked>;
  /** Writes an object, replacing what is there. */
  replace(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<void>;
  /** The whole object, or the given part of it (shorter when the object ends before). Absent resolves to undefined. */
  read(key: StoreKey, options?: ReadOptions): Promise<Buffer | undefined>;
  /** All objects whose key begins with the prefix (which ends in `/` or is empty), in ascending order of their keys. */
  list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]>;
  /**
   * The distinct next segments of the keys below a prefix, ascending: what folders would be called. One may be among them
   * that holds nothing: a folder whose creator died before its object was there, or whose objects were removed.
   */
  listFolders(prefix: string, options?: CallOptions): Promise<readonly string[]>;
  /** Removes an object. Harmless when it is absent. */
  remove(key: StoreKey, options?: CallOptions): Promise<void>;
  /** Removes all of them; when it fails, some. Only stores that do so faster than one by one have this. */
  removeAll?(keys: readonly StoreKey[], options?: CallOptions): Promise<void>;
}

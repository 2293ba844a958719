import { backoffMs } from "../../base/index.ts";
import { requireKey, requirePrefix } from "../key-rules.ts";
import type { CallOptions, ReadOptions, Store, StoreBytes, StoreKey, StoredObject } from "../store.ts";
import { listFolders, listObjects } from "./listing.ts";
import { putInParts } from "./multipart-upload.ts";
import { lengthOf } from "../bytes-length.ts";
import { readObject } from "./object-reading.ts";
import { type ObjectToPut, putObject, type PutResult, requesterSetting } from "./put-object.ts";
import type { S3Connection } from "./s3-connection.ts";

// A store in a bucket of S3.
//   O1. S3 answers a write when it is durable, shows it to whoever asks afterwards, and never shows a part of an object.
//   O2. create is a write with the condition that there is no object; S3 lets one of several succeed.
//   O3. Only an answer of S3 counts. What is cut off, implausible or missing is an error, and may have taken effect.

/** A conflict is decided within milliseconds. */
const TRIES_IN_CONFLICT = 4;
const CONFLICT_BACKOFF = { firstMs: 20, longestMs: 200 };

/** Holds objects below a prefix of a bucket. */
export class S3Store implements Store {
  readonly description: string;
  readonly #connection: S3Connection;

  constructor(connection: S3Connection) {
    this.description = connection.place;
    this.#connection = connection;
  }

  async create(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<"created" | "exists"> {
    const result = await this.#put(key, bytes, true, options?.signal);
    return result === "written" ? "created" : result;
  }

  async replace(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<void> {
    await this.#put(key, bytes, false, options?.signal);
  }

  async read(key: StoreKey, options: ReadOptions = {}): Promise<Buffer | undefined> {
    requireKey(key);
    return readObject(this.#connection, key, options);
  }

  async list(prefix: string, options: CallOptions = {}): Promise<readonly StoredObject[]> {
    requirePrefix(prefix);
    return listObjects(this.#connection, prefix, options);
  }

  async listFolders(prefix: string, options: CallOptions = {}): Promise<readonly string[]> {
    requirePrefix(prefix);
    return listFolders(this.#connection, prefix, options);
  }

  async remove(key: StoreKey, options: CallOptions = {}): Promise<void> {
    requireKey(key);
    const { location } = this.#connection.options;
    const command = new this.#connection.sdk.DeleteObjectCommand({
      Bucket: location.bucket,
      Key: location.prefix + key,
      ...requesterSetting(location),
    });
    const call = { what: `remove ${key}`, right: "s3:DeleteObject", writes: true, signal: options.signal };
    // S3 says the same whether there was one; some other servers do not.
    await this.#connection.ask(command, call, ({ code }) => (code === "NoSuchKey" ? "absent" : undefined));
  }

  /** Tries again at once, a few times, when another write of the same key was being decided. */
  async #put(
    key: StoreKey,
    bytes: StoreBytes,
    ifAbsent: boolean,
    signal: AbortSignal | undefined,
  ): Promise<Exclude<PutResult, "conflict">> {
    requireKey(key);
    const { limits, clock, random } = this.#connection.options;
    const object: ObjectToPut = { key, bytes, sizeBytes: lengthOf(bytes), ifAbsent, signal };
    const put = object.sizeBytes > limits.multipartAboveBytes ? putInParts : putObject;
    for (let tries = 1; ; tries += 1) {
      signal?.throwIfAborted();
      const result = await put(this.#connection, object);
      if (result !== "conflict") return result;
      if (tries === TRIES_IN_CONFLICT) {
        const call = { what: `create ${key}`, right: "s3:PutObject", writes: true, signal };
        throw this.#connection.implausible(
          call,
          `was ${tries} times that another write of this object is being decided (409). Nothing was written.`,
        );
      }
      await clock.sleep(backoffMs(CONFLICT_BACKOFF, tries, random), signal);
    }
  }
}

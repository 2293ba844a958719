import type { Clock, Random } from "../../base/index.ts";
import { abortable } from "../abortable.ts";
import { requireKey, requirePrefix } from "../key-rules.ts";
import type { OpenedStore } from "../opened-store.ts";
import { prepareStore } from "../prepare-store.ts";
import type { CallOptions, ReadOptions, Store, StoreBytes, StoreKey, StoredObject } from "../store.ts";
import { Places } from "./items.ts";
import { listFoldersBelow, listObjects } from "./listing.ts";
import type { DynamoDbLocation } from "./location.ts";
import { readStored } from "./object-reading.ts";
import { createObject, removeObject, replaceObject } from "./object-writing.ts";
import { Repeater } from "./repeat.ts";
import { type TableClient, openTableClient } from "./table-client.ts";
import { prepareTable } from "./table.ts";
import type { CallTools } from "./heads.ts";
import { sweepUploads } from "./uploads.ts";

// A store in a DynamoDB table.
//   D1. A write is one request that changes one head, or a transaction that does; until then nobody sees any of it.
//   D2. All reads and listings are strongly consistent.
//   D3. A call that is one request is sent once. A call of many repeats single ones (`Repeater`).

/** Keys of an AWS account. */
export interface DynamoDbCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** How `openDynamoDbStore` opens. */
export interface DynamoDbStoreOptions extends DynamoDbLocation {
  /** `read` creates nothing, neither the table nor the marker. */
  readonly mode: "read" | "write";
  readonly clock: Clock;
  readonly random: Random;
  readonly signal?: AbortSignal | undefined;
  /** Instead of those that the AWS client finds. */
  readonly credentials?: DynamoDbCredentials | undefined;
  /** After which silence a single request is given up. Default 20 s. */
  readonly requestLimitMs?: number | undefined;
}

/**
 * Opens the store in a table, which must have the keys `pk` and `sk`; with `createTable` a missing one is created, on demand
 * capacity, and waited for.
 * @throws SpotproofError `store-unreachable`, `store-not-writable`, `store-unsuitable`, `store-newer`, `record-damaged`,
 * `bad-usage` when no region is known
 */
export async function openDynamoDbStore(options: DynamoDbStoreOptions): Promise<OpenedStore> {
  const { mode, clock, random, signal, table, region, endpoint } = options;
  const client = await openTableClient(options);
  try {
    return await abortable(signal, async () => {
      const createTable = options.createTable && mode === "write";
      const caution = await prepareTable({ client, table, region, endpoint, createTable, clock, signal });
      const raw = new DynamoDbStore({ client, prefix: options.prefix, clock, random });
      return {
        store: await prepareStore(raw, { mode, signal }),
        caution,
        sweep: (sweeping) => raw.sweep(sweeping),
        close: () => {
          client.close();
          return Promise.resolve();
        },
      };
    });
  } catch (error) {
    client.close();
    throw error;
  }
}

interface DynamoDbStoreParts {
  readonly client: TableClient;
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
}

class DynamoDbStore implements Store {
  readonly description: string;
  readonly #parts: DynamoDbStoreParts;
  readonly #places: Places;

  constructor(parts: DynamoDbStoreParts) {
    const { client, prefix } = parts;
    this.description = prefix === "" ? client.place : `${client.place} below ${prefix}`;
    this.#parts = parts;
    this.#places = new Places(prefix);
  }

  async create(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<"created" | "exists"> {
    requireKey(key);
    return this.#call(options, (tools) => createObject(tools, key, bytes));
  }

  async replace(key: StoreKey, bytes: StoreBytes, options?: CallOptions): Promise<void> {
    requireKey(key);
    return this.#call(options, (tools) => replaceObject(tools, key, bytes));
  }

  async read(key: StoreKey, options: ReadOptions = {}): Promise<Buffer | undefined> {
    requireKey(key);
    return this.#call(options, (tools) => readStored(tools, key, options));
  }

  async list(prefix: string, options?: CallOptions): Promise<readonly StoredObject[]> {
    requirePrefix(prefix);
    return this.#call(options, (tools) => listObjects(tools, prefix));
  }

  async listFolders(prefix: string, options?: CallOptions): Promise<readonly string[]> {
    requirePrefix(prefix);
    return this.#call(options, (tools) => listFoldersBelow(tools, prefix));
  }

  async remove(key: StoreKey, options?: CallOptions): Promise<void> {
    requireKey(key);
    return this.#call(options, (tools) => removeObject(tools, key));
  }

  /** Removes what uploads left behind that began more than a day ago; tells how many those were. */
  async sweep(options?: CallOptions): Promise<number> {
    return this.#call(options, sweepUploads);
  }

  #call<T>(options: CallOptions | undefined, call: (tools: CallTools) => Promise<T>): Promise<T> {
    const { client, clock, random } = this.#parts;
    const signal = options?.signal;
    const tools = { client, places: this.#places, signal, repeater: new Repeater(clock, random, signal) };
    return abortable(signal, () => call(tools));
  }
}

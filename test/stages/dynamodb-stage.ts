import { randomBytes } from "node:crypto";
import { DynamoDBClient, ScanCommand } from "@aws-sdk/client-dynamodb";
import { onTestFinished } from "vitest";
import { type Clock, seededRandom, sleepOn, systemClock } from "../../src/base/index.ts";
import {
  type DynamoDbStoreOptions,
  openDynamoDbStore,
  parseDynamoDbLocation,
} from "../../src/store/dynamodb/index.ts";
import type { OpenedStore } from "../../src/store/opened-store.ts";
import { type DynamoDbProxy, startDynamoDbProxy } from "./dynamodb-proxy.ts";
import type { Moto } from "./moto.ts";

const CREDENTIALS = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not-a-secret" };

/** A table of its own behind a proxy. Everything is closed when the test ends. */
export interface DynamoDbStage {
  readonly proxy: DynamoDbProxy;
  readonly table: string;
  /** Opens the store in the table; each is as good as another machine. */
  open(more?: Partial<DynamoDbStoreOptions>): Promise<OpenedStore>;
  /** All items' `pk` and attributes, but for the marker's, straight from moto. */
  items(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** How many parts and records of uploads there are below a prefix. Default that of `open`. */
  uploads(prefix?: string): Promise<{ readonly parts: number; readonly records: number }>;
  /** Earlier than at the end of the test. */
  close(): Promise<void>;
}

export async function dynamoDbStage(moto: Moto): Promise<DynamoDbStage> {
  const proxy = await startDynamoDbProxy(moto.url);
  const table = `jobs-${randomBytes(6).toString("hex")}`;
  const opened: OpenedStore[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
    await proxy.close();
  };
  onTestFinished(close);
  const items = (): Promise<readonly Readonly<Record<string, unknown>>[]> => scan(moto.url, table);
  return {
    proxy,
    table,
    items,
    close,
    async open(more = {}) {
      const store = await openDynamoDbStore({ ...stageOptions(proxy.url, table), ...more });
      opened.push(store);
      return store;
    },
    async uploads(prefix = "a/b") {
      const keys = (await items()).map((item) => (item["pk"] as { S: string }).S);
      const having = (mark: string): number => keys.filter((key) => key.startsWith(prefix + mark)).length;
      return { parts: having("#part#"), records: having("#uploads") };
    },
  };
}

/** Options with everything that must not come from the machine. */
export function stageOptions(endpoint: string, table: string): DynamoDbStoreOptions {
  return {
    ...parseDynamoDbLocation(
      `dynamodb://${table}/a/b?region=us-east-1&create-table=true&endpoint=${encodeURIComponent(endpoint)}`,
    ),
    mode: "write",
    clock: hurriedClock(),
    random: seededRandom(1),
    credentials: CREDENTIALS,
  };
}

/** Goes with the real time, but sleeps no longer than a turn of the loop: what slept is added to the time. */
export function hurriedClock(): Clock {
  let sleptMs = 0;
  const clock: Clock = {
    now: () => systemClock.now() + sleptMs,
    wallTime: () => systemClock.wallTime() + sleptMs,
    after(delayMs, action) {
      const handle = setImmediate(() => {
        sleptMs += delayMs;
        action();
      });
      return { cancel: () => clearImmediate(handle) };
    },
    sleep: (delayMs, signal) => sleepOn(clock, delayMs, signal),
  };
  return clock;
}

async function scan(endpoint: string, table: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new DynamoDBClient({ endpoint, region: "us-east-1", credentials: CREDENTIALS });
  try {
    const found: Record<string, unknown>[] = [];
    let start: Record<string, { S: string }> | undefined;
    do {
      const command = new ScanCommand({
        TableName: table,
        ConsistentRead: true,
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      });
      const page = await client.send(command);
      found.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey as typeof start;
    } while (start !== undefined);
    return found.filter((item) => (item["sk"] as { S: string }).S !== "spotproof-store.json");
  } finally {
    client.destroy();
  }
}

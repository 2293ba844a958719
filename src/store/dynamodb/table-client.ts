import type { AttributeValue, TableDescription } from "@aws-sdk/client-dynamodb";
import type { Clock } from "../../base/index.ts";
import { loadDynamoDb } from "../../cloud/index.ts";
import { asStoreError, isRefusal, refusedWrites } from "./dynamodb-errors.ts";

/** An item of the table, by the names of its attributes. */
export type Item = Readonly<Record<string, AttributeValue>>;

/** The two keys of an item. */
export interface ItemKey {
  readonly pk: string;
  readonly sk: string;
}

/** What must hold for a write to be done. `values` are those that the expression names with a colon. */
export interface Condition {
  readonly expression: string;
  readonly values?: Item | undefined;
}

/** One write of a transaction. */
export type Write =
  | { readonly kind: "put"; readonly item: Item; readonly condition?: Condition | undefined }
  | { readonly kind: "remove"; readonly key: ItemKey; readonly condition?: Condition | undefined };

/** Items of one partition whose `sk` lies between two values, both included. */
export interface KeyRange {
  readonly pk: string;
  readonly from: string;
  readonly to: string;
  /** Begins behind this one, which an earlier page reached. */
  readonly after?: string | undefined;
  /** Which attributes to give, separated by commas. All when absent. It makes answers smaller, not cheaper. */
  readonly attributes?: string | undefined;
  /** At most so many items. */
  readonly limit?: number | undefined;
}

/** A page of a range. `hasMore` can be true when there is nothing more after all. */
export interface Page {
  readonly items: readonly Item[];
  /** The last `sk` that was looked at; undefined when this is the end of the range. */
  readonly reached: string | undefined;
}

/**
 * The few requests that the store makes. Each is one HTTP request that is never repeated here; reads are strongly
 * consistent. They throw what `asStoreError` makes of a failure, and the signal's reason when it aborts.
 */
export interface TableClient {
  /** For messages: `DynamoDB table jobs`. */
  readonly place: string;
  /** Milliseconds since 1970 by the server's clock, from the newest answer's `Date`; undefined before one had any. */
  serverTimeMs(): number | undefined;
  get(key: ItemKey, signal?: AbortSignal): Promise<Item | undefined>;
  put(item: Item, condition: Condition | undefined, signal?: AbortSignal): Promise<"done" | "refused">;
  remove(key: ItemKey, condition: Condition | undefined, signal?: AbortSignal): Promise<"done" | "refused">;
  query(range: KeyRange, signal?: AbortSignal): Promise<Page>;
  /** All writes or none. Refused: the numbers of the writes whose condition did not hold. `token`: at most 36 characters. */
  transact(
    writes: readonly Write[],
    token: string,
    signal?: AbortSignal,
  ): Promise<"done" | readonly number[]>;
  /** Undefined when there is no such table. */
  describe(signal?: AbortSignal): Promise<TableDescription | undefined>;
  /** Asks for the table. That it exists already, or is being created, is fine. */
  createTable(signal?: AbortSignal): Promise<void>;
  close(): void;
}

/** Which table, and how to get there. */
export interface TableClientOptions {
  readonly table: string;
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly profile?: string | undefined;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined;
  readonly clock: Clock;
  /** After which silence a request is given up. Default 20 s. */
  readonly requestLimitMs?: number | undefined;
}

const CONNECT_LIMIT_MS = 5_000;
const REQUEST_LIMIT_MS = 20_000;

interface HowToSend {
  readonly abortSignal?: AbortSignal;
}

type DynamoDb = Awaited<ReturnType<typeof loadDynamoDb>>;

/** Loads the AWS client. No request is made. */
export async function openTableClient(options: TableClientOptions): Promise<TableClient> {
  const sdk = await loadDynamoDb();
  const serverClock = new ServerClock(options.clock);
  const limitMs = options.requestLimitMs ?? REQUEST_LIMIT_MS;
  const { region, endpoint, profile, credentials } = options;
  const client = new sdk.DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(profile === undefined ? {} : { profile }),
    ...(credentials === undefined ? {} : { credentials }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_LIMIT_MS,
      requestTimeout: limitMs,
      throwOnRequestTimeout: true,
      // From the answer's head to its end, where the limit above does not reach.
      socketTimeout: limitMs,
    },
  });
  // The innermost place of the stack: answers that are errors pass here as well.
  client.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      serverClock.heard(result.response);
      return result;
    },
    { name: "spotproofServerClock", step: "deserialize", priority: "low" },
  );
  return new SdkTableClient(sdk, client, options.table, serverClock);
}

/** Knows the server's time from the `Date` of its answers, and goes on by this process's monotonic clock. */
class ServerClock {
  readonly #clock: Clock;
  #heard: { readonly serverMs: number; readonly atMs: number } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  heard(response: unknown): void {
    const headers: unknown =
      typeof response === "object" && response !== null && "headers" in response
        ? response.headers
        : undefined;
    const date: unknown =
      typeof headers === "object" && headers !== null && "date" in headers ? headers.date : undefined;
    const serverMs = typeof date === "string" ? Date.parse(date) : Number.NaN;
    if (!Number.isNaN(serverMs)) this.#heard = { serverMs, atMs: this.#clock.now() };
  }

  get nowMs(): number | undefined {
    if (this.#heard === undefined) return undefined;
    return Math.round(this.#heard.serverMs + this.#clock.now() - this.#heard.atMs);
  }
}

class SdkTableClient implements TableClient {
  readonly place: string;
  readonly #sdk: DynamoDb;
  readonly #client: InstanceType<DynamoDb["DynamoDBClient"]>;
  readonly #table: string;
  readonly #serverClock: ServerClock;

  constructor(
    sdk: DynamoDb,
    client: InstanceType<DynamoDb["DynamoDBClient"]>,
    table: string,
    clock: ServerClock,
  ) {
    this.place = `DynamoDB table ${table}`;
    this.#sdk = sdk;
    this.#client = client;
    this.#table = table;
    this.#serverClock = clock;
  }

  serverTimeMs(): number | undefined {
    return this.#serverClock.nowMs;
  }

  async get(key: ItemKey, signal?: AbortSignal): Promise<Item | undefined> {
    const command = new this.#sdk.GetItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      ConsistentRead: true,
    });
    const answer = await this.#ask("GetItem", signal, (how) => this.#client.send(command, how));
    return answer.Item;
  }

  async put(item: Item, condition: Condition | undefined, signal?: AbortSignal): Promise<"done" | "refused"> {
    const command = new this.#sdk.PutItemCommand({
      TableName: this.#table,
      Item: item,
      ...conditionInput(condition),
    });
    return this.#write("PutItem", signal, (how) => this.#client.send(command, how));
  }

  async remove(
    key: ItemKey,
    condition: Condition | undefined,
    signal?: AbortSignal,
  ): Promise<"done" | "refused"> {
    const command = new this.#sdk.DeleteItemCommand({
      TableName: this.#table,
      Key: keyItem(key),
      ...conditionInput(condition),
    });
    return this.#write("DeleteItem", signal, (how) => this.#client.send(command, how));
  }

  async query(range: KeyRange, signal?: AbortSignal): Promise<Page> {
    const command = new this.#sdk.QueryCommand({
      TableName: this.#table,
      ConsistentRead: true,
      KeyConditionExpression: "pk = :pk AND sk BETWEEN :from AND :to",
      ExpressionAttributeValues: {
        ":pk": { S: range.pk },
        ":from": { S: range.from },
        ":to": { S: range.to },
      },
      ...(range.attributes === undefined ? {} : { ProjectionExpression: range.attributes }),
      ...(range.after === undefined ? {} : { ExclusiveStartKey: keyItem({ pk: range.pk, sk: range.after }) }),
      ...(range.limit === undefined ? {} : { Limit: range.limit }),
    });
    const answer = await this.#ask("Query", signal, (how) => this.#client.send(command, how));
    return { items: answer.Items ?? [], reached: answer.LastEvaluatedKey?.["sk"]?.S };
  }

  async transact(
    writes: readonly Write[],
    token: string,
    signal?: AbortSignal,
  ): Promise<"done" | readonly number[]> {
    const command = new this.#sdk.TransactWriteItemsCommand({
      ClientRequestToken: token,
      TransactItems: writes.map((write) => {
        const common = { TableName: this.#table, ...conditionInput(write.condition) };
        return write.kind === "put"
          ? { Put: { ...common, Item: write.item } }
          : { Delete: { ...common, Key: keyItem(write.key) } };
      }),
    });
    return this.#ask("TransactWriteItems", signal, async (how) => {
      try {
        await this.#client.send(command, how);
        return "done";
      } catch (error) {
        return refusedWrites(error, this.place);
      }
    });
  }

  async describe(signal?: AbortSignal): Promise<TableDescription | undefined> {
    const command = new this.#sdk.DescribeTableCommand({ TableName: this.#table });
    return this.#ask("DescribeTable", signal, async (how) => {
      try {
        return (await this.#client.send(command, how)).Table;
      } catch (error) {
        if (error instanceof Error && error.name === "ResourceNotFoundException") return undefined;
        throw error;
      }
    });
  }

  async createTable(signal?: AbortSignal): Promise<void> {
    const command = new this.#sdk.CreateTableCommand({
      TableName: this.#table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
    });
    await this.#ask("CreateTable", signal, async (how) => {
      try {
        await this.#client.send(command, how);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== "ResourceInUseException") throw error;
      }
    });
  }

  close(): void {
    this.#client.destroy();
  }

  #write(
    operation: string,
    signal: AbortSignal | undefined,
    send: (how: HowToSend) => Promise<unknown>,
  ): Promise<"done" | "refused"> {
    return this.#ask(operation, signal, async (how) => {
      try {
        await send(how);
        return "done";
      } catch (error) {
        if (isRefusal(error)) return "refused";
        throw error;
      }
    });
  }

  async #ask<T>(
    operation: string,
    signal: AbortSignal | undefined,
    send: (how: HowToSend) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await send(signal === undefined ? {} : { abortSignal: signal });
    } catch (error) {
      signal?.throwIfAborted();
      const writes = !["GetItem", "Query", "DescribeTable"].includes(operation);
      throw asStoreError(error, { operation, writes, place: this.place });
    }
  }
}

function keyItem({ pk, sk }: ItemKey): Record<string, AttributeValue> {
  return { pk: { S: pk }, sk: { S: sk } };
}

function conditionInput(condition: Condition | undefined): {
  ConditionExpression?: string;
  ExpressionAttributeValues?: Record<string, AttributeValue>;
} {
  if (condition === undefined) return {};
  const values = condition.values === undefined ? {} : { ExpressionAttributeValues: { ...condition.values } };
  return { ConditionExpression: condition.expression, ...values };
}

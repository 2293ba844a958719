import {
  DynamoDBClient,
  GetItemCommand,
  DeleteItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
} from "@aws-sdk/client-dynamodb";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { systemClock } from "../../src/base/index.ts";
import { loadPostgresDriver } from "../../src/store/sql/postgres/postgres-driver.ts";
import { createPostgresExecutor } from "../../src/store/sql/postgres/postgres-executor.ts";
import { parsePostgresLocation } from "../../src/store/sql/postgres/postgres-location.ts";
import type { SqlExecutor, SqlRow, SqlValue } from "../../src/store/sql/sql-executor.ts";
import { findSqliteDriver } from "../../src/store/sql/sqlite/compat.ts";
import { SqliteExecutor } from "../../src/store/sql/sqlite/sqlite-executor.ts";

// What the owner of a store has beside Spotproof: the console of the cloud, the shell of the database.

/** Looks into a store and changes what is in it, past Spotproof. */
export interface StoreTools {
  /** All keys below a prefix, ascending. */
  readonly keys: (prefix: string) => Promise<readonly string[]>;
  /** Puts other bytes where those of an object are, or where those of its first part are. */
  readonly change: (key: string, change: (bytes: Buffer) => Buffer) => Promise<void>;
  readonly remove: (key: string) => Promise<void>;
}

const CREDENTIALS = { accessKeyId: "test", secretAccessKey: "test" };

/** Does something with a client of the server at `endpoint`. */
export async function inBucket<Result>(
  endpoint: string,
  work: (client: S3Client) => Promise<Result>,
): Promise<Result> {
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    credentials: CREDENTIALS,
    forcePathStyle: true,
  });
  try {
    return await work(client);
  } finally {
    client.destroy();
  }
}

/** Below a prefix of the bucket `bucket`. */
export function bucketTools(endpoint: string, folder: string): StoreTools {
  const at = (key: string) => ({ Bucket: "bucket", Key: `${folder}/${key}` });
  return {
    keys: (prefix) =>
      inBucket(endpoint, async (client) => {
        const { Key } = at(prefix);
        const { Contents = [] } = await client.send(
          new ListObjectsV2Command({ Bucket: "bucket", Prefix: Key }),
        );
        return Contents.map(({ Key: key = "" }) => key.slice(folder.length + 1));
      }),
    change: (key, change) =>
      inBucket(endpoint, async (client) => {
        const { Body } = await client.send(new GetObjectCommand(at(key)));
        const bytes = Buffer.from((await Body?.transformToByteArray()) ?? []);
        await client.send(new PutObjectCommand({ ...at(key), Body: change(bytes) }));
      }),
    remove: (key) =>
      inBucket(endpoint, async (client) => void (await client.send(new DeleteObjectCommand(at(key))))),
  };
}

/** In a table, for the store with a prefix there. */
export function tableTools(endpoint: string, table: string, prefix: string): StoreTools {
  const head = (key: string) => ({ pk: { S: `${prefix}#objects` }, sk: { S: key } });
  const at = (key: Record<string, AttributeValue>) => ({ TableName: table, Key: key });
  const inTable = async <Result>(work: (client: DynamoDBClient) => Promise<Result>): Promise<Result> => {
    const client = new DynamoDBClient({ endpoint, region: "us-east-1", credentials: CREDENTIALS });
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  };
  return {
    keys: (below) =>
      inTable(async (client) => {
        const { Items = [] } = await client.send(
          new QueryCommand({
            TableName: table,
            KeyConditionExpression: "pk = :pk",
            ExpressionAttributeValues: { ":pk": { S: `${prefix}#objects` } },
          }),
        );
        return Items.map((item) => item["sk"]?.S ?? "").filter((key) => key.startsWith(below));
      }),
    change: (key, change) =>
      inTable(async (client) => {
        const { Item: object = {} } = await client.send(new GetItemCommand(at(head(key))));
        const upload = object["uploadId"]?.S;
        const part = { pk: { S: `${prefix}#part#${upload}#0` }, sk: { S: "part" } };
        const holder = upload === undefined ? object : (await client.send(new GetItemCommand(at(part)))).Item;
        const content = change(Buffer.from(holder?.["content"]?.B ?? []));
        await client.send(
          new PutItemCommand({ TableName: table, Item: { ...holder, content: { B: content } } }),
        );
      }),
    remove: (key) =>
      inTable(async (client) => void (await client.send(new DeleteItemCommand(at(head(key)))))),
  };
}

/** In the tables of a database that has one store. Connects anew each time, as the file may not be there yet. */
export async function sqlTools(
  where: { readonly sqlite: string } | { readonly postgres: string },
): Promise<StoreTools> {
  const driver = await loadPostgresDriver(process.cwd());
  const open = (): SqlExecutor =>
    "sqlite" in where
      ? new SqliteExecutor({
          driver: findSqliteDriver(process.cwd()),
          path: where.sqlite,
          mode: "write",
          busyMs: 5000,
        })
      : createPostgresExecutor(driver, parsePostgresLocation(where.postgres), systemClock);
  type Run = (
    text: (tables: SqlExecutor["dialect"]["tables"]) => string,
    values: SqlValue[],
  ) => Promise<readonly SqlRow[]>;
  const inTables = async <Result>(work: (run: Run) => Promise<Result>): Promise<Result> => {
    const executor = open();
    try {
      return await work(async (text, values) => {
        const [rows = []] = await executor.run([{ text: text(executor.dialect.tables), values }]);
        return rows;
      });
    } finally {
      await executor.close();
    }
  };
  return {
    keys: (prefix) =>
      inTables(async (run) => {
        const rows = await run(({ objects }) => `SELECT key FROM ${objects} ORDER BY key`, []);
        return rows.map((row) => String(row["key"])).filter((key) => key.startsWith(prefix));
      }),
    change: (key, change) =>
      inTables(async (run) => {
        const [row] = await run(({ objects }) => `SELECT value, parts FROM ${objects} WHERE key = $1`, [key]);
        const id = row?.["parts"];
        if (typeof id !== "string") {
          const bytes = own(change(Buffer.from(row?.["value"] as Uint8Array)));
          await run(({ objects }) => `UPDATE ${objects} SET value = $1 WHERE key = $2`, [bytes, key]);
          return;
        }
        const [part] = await run(
          ({ parts }) => `SELECT bytes FROM ${parts} WHERE id = $1 AND number = 0`,
          [id],
        );
        const bytes = own(change(Buffer.from(part?.["bytes"] as Uint8Array)));
        await run(({ parts }) => `UPDATE ${parts} SET bytes = $1 WHERE id = $2 AND number = 0`, [bytes, id]);
      }),
    remove: (key) =>
      inTables(
        async (run) => void (await run(({ objects }) => `DELETE FROM ${objects} WHERE key = $1`, [key])),
      ),
  };
}

/** In memory of its own, which may be handed to a worker. */
function own(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}

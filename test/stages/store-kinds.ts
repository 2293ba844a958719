import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CreateBucketCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll } from "vitest";
import { type S3Fake, startS3Fake } from "../../src/simulator/index.ts";
import { type RunningMoto, hasMoto, startMoto } from "./moto.ts";
import { type PostgresStage, hasPostgres, startPostgres } from "./postgres.ts";
import { type StoreTools, bucketTools, inBucket, sqlTools, tableTools } from "./store-tools.ts";

/** How an object goes bad: one bit of it is wrong, its second half is missing, or it is gone. */
export type Damage = "flip" | "truncate" | "remove";

/** A place for one store, and the ways to it that its owner has beside Spotproof. */
export interface StorePlace {
  /** For `--store`. */
  readonly url: string;
  /** What `spotproof` needs in its environment for it. */
  readonly environment: Readonly<Record<string, string>>;
  /** The keys of all objects below a prefix, ascending. */
  readonly keys: (prefix: string) => Promise<readonly string[]>;
  /** Damages an object in place, past Spotproof. */
  readonly damage: (key: string, how: Damage) => Promise<void>;
}

/** One kind of store, for tables of tests. */
export interface StoreKind {
  /** Says what is missing on this machine, if anything. */
  readonly name: string;
  readonly isThere: boolean;
  /** An empty place. `folder` is one of the test's own, for what lies on disk. */
  readonly place: (folder: string) => Promise<StorePlace>;
}

/** Servers of the calling file. */
export interface StoreServers {
  readonly kinds: readonly StoreKind[];
  /** Only while tests run. */
  readonly fake: () => S3Fake;
  readonly postgres: () => PostgresStage;
  readonly motoUrl: () => string;
}

/** Keys that no stand-in checks. */
export const AWS_KEYS = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test" };

/** Starts a server of each kind that this machine has, before the tests of the calling file; they end after them. */
export function useStoreServers(): StoreServers {
  let moto: RunningMoto | undefined;
  let postgres: PostgresStage | undefined;
  let fake: S3Fake | undefined;
  beforeAll(async () => {
    [moto, postgres, fake] = await Promise.all([
      hasMoto ? startMoto() : undefined,
      hasPostgres ? startPostgres() : undefined,
      startS3Fake(),
    ]);
    if (moto !== undefined)
      await inBucket(moto.url, (client) => client.send(new CreateBucketCommand({ Bucket: "bucket" })));
  });
  afterAll(async () => {
    await Promise.all([moto?.close(), postgres?.close(), fake?.close()]);
  });
  const needsMoto = (name: string): string => (hasMoto ? name : `${name} (skipped: moto_server is missing)`);
  return {
    fake: () => started(fake),
    postgres: () => started(postgres),
    motoUrl: () => started(moto).url,
    kinds: [
      {
        name: "a folder",
        isThere: true,
        place: (folder) => Promise.resolve(inFolder(join(folder, "store"))),
      },
      { name: "S3 (a fake)", isThere: true, place: () => Promise.resolve(inS3(started(fake).url)) },
      {
        name: needsMoto("S3 (moto)"),
        isThere: hasMoto,
        place: () => Promise.resolve(inS3(started(moto).url)),
      },
      {
        name: needsMoto("DynamoDB (moto)"),
        isThere: hasMoto,
        place: () => Promise.resolve(inDynamoDb(started(moto).url)),
      },
      { name: "SQLite", isThere: true, place: (folder) => inSqlite(join(folder, "jobs.db")) },
      {
        name: hasPostgres ? "PostgreSQL" : "PostgreSQL (skipped: its server is missing)",
        isThere: hasPostgres,
        place: () => inPostgres(started(postgres)),
      },
    ],
  };
}

function started<Server>(server: Server | undefined): Server {
  if (server === undefined) throw new Error("The server does not run.");
  return server;
}

function inFolder(folder: string): StorePlace {
  return {
    url: folder,
    environment: {},
    keys(prefix) {
      const below = join(folder, prefix);
      const names = existsSync(below) ? readdirSync(below, { recursive: true, withFileTypes: true }) : [];
      const files = names.filter((entry) => entry.isFile());
      return Promise.resolve(
        files.map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort(),
      );
    },
    damage(key, how) {
      const file = join(folder, key);
      if (how === "remove") rmSync(file);
      else writeFileSync(file, damagedBytes(readFileSync(file), how));
      return Promise.resolve();
    },
  };
}

function inS3(endpoint: string): StorePlace {
  const prefix = `e2e-${randomBytes(6).toString("hex")}/jobs`;
  const url = `s3://bucket/${prefix}?endpoint=${endpoint}&region=us-east-1`;
  return { url, environment: AWS_KEYS, ...withDamage(bucketTools(endpoint, prefix)) };
}

function inDynamoDb(endpoint: string): StorePlace {
  const table = `e2e-${randomBytes(6).toString("hex")}`;
  const url = `dynamodb://${table}/a/b?endpoint=${endpoint}&region=us-east-1&create-table=true`;
  return { url, environment: AWS_KEYS, ...withDamage(tableTools(endpoint, table, "a/b")) };
}

async function inSqlite(path: string): Promise<StorePlace> {
  return { url: `sqlite:${path}`, environment: {}, ...withDamage(await sqlTools({ sqlite: path })) };
}

async function inPostgres(stage: PostgresStage): Promise<StorePlace> {
  const url = stage.url(await stage.newDatabase());
  return { url, environment: {}, ...withDamage(await sqlTools({ postgres: url })) };
}

function withDamage(tools: StoreTools): Pick<StorePlace, "keys" | "damage"> {
  return {
    keys: tools.keys,
    damage: (key, how) =>
      how === "remove" ? tools.remove(key) : tools.change(key, (bytes) => damagedBytes(bytes, how)),
  };
}

/** Half of it, or all of it with one bit wrong. */
function damagedBytes(bytes: Buffer, how: "flip" | "truncate"): Buffer {
  const middle = bytes.length >> 1;
  if (how === "truncate") return bytes.subarray(0, middle);
  const damaged = Buffer.from(bytes);
  damaged[middle] = (damaged[middle] ?? 0) ^ 1;
  return damaged;
}

import { once } from "node:events";
import { createInterface } from "node:readline";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  S3Client,
  paginateListObjectsV2,
} from "@aws-sdk/client-s3";
import type { S3ServerReport } from "./s3-server-process.ts";
import type { Workspace } from "../shared/workspace.ts";

const BUCKET = "spotproof-benchmark";
const DELETES_AT_A_TIME = 16;

/** A server that speaks S3, with one bucket that belongs to the benchmark alone. */
export interface S3Server {
  readonly endpoint: string;
  readonly bucket: string;
  /** Credentials and the region, as every client of S3 reads them. */
  readonly environment: Readonly<Record<string, string>>;
  storedBytes(): Promise<number>;
  /** Deletes every object. */
  empty(): Promise<void>;
  /** Ends the server when it is ours. */
  stop(): void;
}

interface Access {
  readonly AWS_ACCESS_KEY_ID: string;
  readonly AWS_SECRET_ACCESS_KEY: string;
  readonly AWS_REGION: string;
}

const ANY_ACCESS: Access = {
  AWS_ACCESS_KEY_ID: "benchmark",
  AWS_SECRET_ACCESS_KEY: "benchmark-secret",
  AWS_REGION: "us-east-1",
};

/** Starts our own server. `program` is the bundled `s3-server-process`; `checks`: it compares bodies with their hashes. */
export async function startS3Server(
  workspace: Workspace,
  program: string,
  checks: boolean,
): Promise<S3Server> {
  const child = workspace.start([process.execPath, program, BUCKET, checks ? "verifies" : ""]);
  if (child.stdout === null) throw new Error("The server's process has no standard output.");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { url } = JSON.parse(line) as S3ServerReport;
  return serverAt(url, ANY_ACCESS, new S3Client(clientSettings(url, ANY_ACCESS)), () => {
    child.kill("SIGKILL");
  });
}

/** Uses a server that runs already; credentials and the region are those of the environment, or any. Makes the bucket. */
export async function connectS3Server(
  endpoint: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<S3Server> {
  const access: Access = {
    AWS_ACCESS_KEY_ID: environment["AWS_ACCESS_KEY_ID"] ?? ANY_ACCESS.AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY: environment["AWS_SECRET_ACCESS_KEY"] ?? ANY_ACCESS.AWS_SECRET_ACCESS_KEY,
    AWS_REGION: environment["AWS_REGION"] ?? ANY_ACCESS.AWS_REGION,
  };
  const client = new S3Client(clientSettings(endpoint, access));
  await client.send(new CreateBucketCommand({ Bucket: BUCKET })).catch((error: Error) => {
    if (!error.name.startsWith("BucketAlready")) throw error;
  });
  return serverAt(endpoint, access, client, () => undefined);
}

function clientSettings(endpoint: string, access: Access) {
  return {
    endpoint,
    forcePathStyle: true,
    region: access.AWS_REGION,
    credentials: { accessKeyId: access.AWS_ACCESS_KEY_ID, secretAccessKey: access.AWS_SECRET_ACCESS_KEY },
  };
}

function serverAt(endpoint: string, access: Access, client: S3Client, stop: () => void): S3Server {
  return {
    stop,
    endpoint,
    bucket: BUCKET,
    environment: { ...access, AWS_DEFAULT_REGION: access.AWS_REGION },
    storedBytes: async () => (await objectsIn(client)).reduce((sum, { size }) => sum + size, 0),
    async empty() {
      const left = (await objectsIn(client)).values();
      const work = async (): Promise<void> => {
        for (const { key } of left) await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
      };
      await Promise.all(Array.from({ length: DELETES_AT_A_TIME }, work));
    },
  };
}

async function objectsIn(
  client: S3Client,
): Promise<readonly { readonly key: string; readonly size: number }[]> {
  const found: { readonly key: string; readonly size: number }[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: BUCKET })) {
    for (const { Key, Size } of page.Contents ?? []) found.push({ key: Key ?? "", size: Size ?? 0 });
  }
  return found;
}

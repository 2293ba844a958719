import { once } from "node:events";
import { createInterface } from "node:readline";
import type { S3Client } from "@aws-sdk/client-s3";
import type { Workspace } from "./workspace.ts";

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
}

const ACCESS = {
  AWS_ACCESS_KEY_ID: "benchmark",
  AWS_SECRET_ACCESS_KEY: "benchmark-secret",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
};

/** Starts our own server, or gives the reason why there is none. `program` is the bundled `s3-server-process`. */
export async function startS3Server(
  workspace: Workspace,
  program: string,
): Promise<S3Server | { readonly missing: string }> {
  const child = workspace.start([process.execPath, program]);
  if (child.stdout === null) throw new Error("The server's process has no standard output.");
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  const { endpoint, missing } = JSON.parse(line) as { readonly endpoint?: string; readonly missing?: string };
  if (endpoint === undefined) return { missing: `${missing ?? "the server's address"} is not there` };
  return connectS3Server(endpoint, ACCESS);
}

/** Uses a server that runs already; credentials are those of this process, or any. */
export async function connectS3Server(
  endpoint: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<S3Server> {
  const bucket = "spotproof-benchmark";
  const access = Object.fromEntries(
    Object.entries(ACCESS).map(([name, value]) => [name, environment[name] ?? value]),
  );
  const s3 = await import("@aws-sdk/client-s3");
  const client = new s3.S3Client({
    endpoint,
    forcePathStyle: true,
    region: access["AWS_REGION"] ?? ACCESS.AWS_REGION,
    credentials: {
      accessKeyId: access["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: access["AWS_SECRET_ACCESS_KEY"] ?? "",
    },
  });
  await client.send(new s3.CreateBucketCommand({ Bucket: bucket })).catch((error: Error) => {
    if (!/BucketAlready/.test(error.name)) throw error;
  });
  return {
    endpoint,
    bucket,
    environment: access,
    storedBytes: async () => (await objectsIn(client, bucket)).reduce((sum, { size }) => sum + size, 0),
    async empty() {
      const left = (await objectsIn(client, bucket)).values();
      const work = async (): Promise<void> => {
        for (const { key } of left)
          await client.send(new s3.DeleteObjectCommand({ Bucket: bucket, Key: key }));
      };
      await Promise.all(Array.from({ length: DELETES_AT_A_TIME }, work));
    },
  };
}

async function objectsIn(
  client: S3Client,
  bucket: string,
): Promise<readonly { readonly key: string; readonly size: number }[]> {
  const { paginateListObjectsV2 } = await import("@aws-sdk/client-s3");
  const found: { readonly key: string; readonly size: number }[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket })) {
    for (const { Key, Size } of page.Contents ?? []) found.push({ key: Key ?? "", size: Size ?? 0 });
  }
  return found;
}

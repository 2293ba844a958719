import type { ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { isKey } from "../key-rules.ts";
import type { CallOptions, StoredObject } from "../store.ts";
import { requesterSetting } from "./put-object.ts";
import type { S3Call, S3Connection } from "./s3-connection.ts";

/** The objects below a prefix, ascending. What cannot be a key of a store is not ours and left out. */
export async function listObjects(
  connection: S3Connection,
  prefix: string,
  options: CallOptions,
): Promise<readonly StoredObject[]> {
  const own = connection.options.location.prefix;
  const found: StoredObject[] = [];
  for await (const page of pages(connection, prefix, options, undefined)) {
    for (const { Key = "", Size: sizeBytes = 0 } of page.Contents ?? []) {
      const key = Key.slice(own.length);
      if (isKey(key)) found.push({ key, sizeBytes });
    }
  }
  return found.sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** The next segments below a prefix, ascending. */
export async function listFolders(
  connection: S3Connection,
  prefix: string,
  options: CallOptions,
): Promise<readonly string[]> {
  const above = connection.options.location.prefix + prefix;
  const found = new Set<string>();
  for await (const page of pages(connection, prefix, options, "/")) {
    for (const { Prefix = "" } of page.CommonPrefixes ?? []) {
      const name = Prefix.slice(above.length, -1);
      if (isKey(name)) found.add(name);
    }
  }
  return [...found].sort();
}

async function* pages(
  connection: S3Connection,
  prefix: string,
  { signal }: CallOptions,
  delimiter: "/" | undefined,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  const { location } = connection.options;
  const call: S3Call = { what: `list ${prefix}`.trimEnd(), right: "s3:ListBucket", writes: false, signal };
  let from: string | undefined;
  do {
    const command = new connection.sdk.ListObjectsV2Command({
      Bucket: location.bucket,
      Prefix: location.prefix + prefix,
      Delimiter: delimiter,
      ContinuationToken: from,
      // Others may have keys there that XML cannot hold. Those of a store look the same encoded.
      EncodingType: "url",
      ...requesterSetting(location),
    });
    const page = await connection.ask(command, call);
    // A listing that ends too early would hide checkpoints.
    if (page.IsTruncated === undefined) throw connection.implausible(call, "is no listing.");
    from = page.IsTruncated ? page.NextContinuationToken : undefined;
    if (page.IsTruncated && from === undefined)
      throw connection.implausible(call, "is cut off and does not say where.");
    yield page;
  } while (from !== undefined);
}

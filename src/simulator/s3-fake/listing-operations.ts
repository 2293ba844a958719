import type { ObjectShelf, ShelvedUpload } from "./object-shelf.ts";
import { type S3Reply, xml, type XmlContent } from "./s3-reply.ts";
import type { S3Request } from "./s3-request.ts";

/** ListObjectsV2: ascending by the bytes of the keys; what has the delimiter behind the prefix is told once. */
export function listObjects(shelf: ObjectShelf, { bucket, query }: S3Request): S3Reply {
  const prefix = query.get("prefix") ?? "";
  const delimiter = query.get("delimiter") ?? "";
  const most = Math.min(Number(query.get("max-keys") ?? "1000"), 1000);
  const after = Buffer.from(query.get("continuation-token") ?? "", "base64").toString();
  const encoded = (key: string): string =>
    query.get("encoding-type") === "url" ? encodeURIComponent(key).replaceAll("%2F", "/") : key;
  const contents: XmlContent[] = [];
  const folders = new Set<string>();
  let last: string | undefined;
  let isTruncated = false;
  for (const key of shelf.sortedKeys) {
    if (!key.startsWith(prefix) || key <= after) continue;
    const end = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
    const folder = end === -1 ? undefined : key.slice(0, end + delimiter.length);
    if (folder !== undefined && (folders.has(folder) || after.startsWith(folder))) continue;
    if (contents.length + folders.size >= most) {
      isTruncated = true;
      break;
    }
    last = key;
    if (folder !== undefined) folders.add(folder);
    else contents.push(describe(shelf, key, encoded(key)));
  }
  const document: Record<string, XmlContent | readonly XmlContent[]> = {
    Name: bucket,
    Prefix: encoded(prefix),
    MaxKeys: most,
    KeyCount: contents.length + folders.size,
    IsTruncated: isTruncated,
    NextContinuationToken: isTruncated ? Buffer.from(last ?? "").toString("base64") : undefined,
    Contents: contents,
    CommonPrefixes: [...folders].map((folder) => ({ Prefix: encoded(folder) })),
  };
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xml("ListBucketResult", document),
  };
}

function describe(shelf: ObjectShelf, key: string, shownKey: string): XmlContent {
  const object = shelf.objects.get(key);
  return {
    Key: shownKey,
    LastModified: new Date(object?.modifiedMs ?? 0).toISOString(),
    ETag: object?.etag,
    Size: object?.bytes.length,
    StorageClass: object?.traits["x-amz-storage-class"] ?? "STANDARD",
  };
}

/** ListMultipartUploads: by key, then in the order in which they began. */
export function listUploads(shelf: ObjectShelf, { bucket, query }: S3Request): S3Reply {
  const prefix = query.get("prefix") ?? "";
  const most = Math.min(Number(query.get("max-uploads") ?? "1000"), 1000);
  const [keyMarker, idMarker] = [query.get("key-marker"), query.get("upload-id-marker")];
  const all = [...shelf.uploads.values()]
    .filter(({ key }) => key.startsWith(prefix))
    .sort((a, b) => (a.key === b.key ? a.initiatedMs - b.initiatedMs : a.key < b.key ? -1 : 1));
  const marked = all.findIndex(({ key, id }) => key === keyMarker && id === idMarker);
  const from =
    marked === -1 ? all.filter(({ key }) => keyMarker !== null && key <= keyMarker).length : marked + 1;
  const page = all.slice(from, from + most);
  const isTruncated = from + most < all.length;
  const last: ShelvedUpload | undefined = page.at(-1);
  const document: Record<string, XmlContent | readonly XmlContent[]> = {
    Bucket: bucket,
    IsTruncated: isTruncated,
    NextKeyMarker: isTruncated ? last?.key : undefined,
    NextUploadIdMarker: isTruncated ? last?.id : undefined,
    Upload: page.map(({ key, id, initiatedMs }) => ({
      Key: key,
      UploadId: id,
      Initiated: new Date(initiatedMs).toISOString(),
    })),
  };
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: xml("ListMultipartUploadsResult", document),
  };
}

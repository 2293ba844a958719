import fs from "node:fs/promises";
import { dirname, join } from "node:path";
import { GetObjectCommand, PutObjectCommand, S3Client, paginateListObjectsV2 } from "@aws-sdk/client-s3";

// What the server takes and gives: the same bytes by plain requests of the SDK with its defaults, so many at a time, and
// nothing else: no hashes of our own, nothing that is known afterwards, nothing that can be done again in part.

/** The program's only argument, as JSON. */
export interface PlainObjectsOrder {
  readonly do: "put" | "get";
  readonly endpoint: string;
  readonly bucket: string;
  readonly folder: string;
}

const OBJECT_BYTES = 16 * 1024 * 1024;
const AT_A_TIME = 8;

const PREFIX = "plain/";

interface Piece {
  /** Relative to the folder. */
  readonly name: string;
  readonly position: number;
  readonly length: number;
}

const { do: what, endpoint, bucket, folder } = JSON.parse(process.argv[2] ?? "") as PlainObjectsOrder;
const client = new S3Client({ endpoint, forcePathStyle: true });
if (what === "put") await eachAtATime(await piecesBelow(folder), put);
else await eachAtATime(await storedPieces(), get);
process.exit(0);

function keyOf(name: string, position: number): string {
  return `${PREFIX}${name}@${position}`;
}

async function put({ name, position, length }: Piece): Promise<void> {
  const file = await fs.open(join(folder, name));
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length; ) at += (await file.read(bytes, at, length - at, position + at)).bytesRead;
  await file.close();
  await client.send(new PutObjectCommand({ Bucket: bucket, Key: keyOf(name, position), Body: bytes }));
}

async function get({ name, position }: Piece): Promise<void> {
  const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: keyOf(name, position) }));
  const bytes = await Body?.transformToByteArray();
  if (bytes === undefined) throw new Error(`${name} has no content.`);
  await fs.mkdir(dirname(join(folder, name)), { recursive: true });
  const file = await fs.open(join(folder, name), fs.constants.O_WRONLY | fs.constants.O_CREAT);
  await file.write(bytes, 0, bytes.length, position);
  await file.close();
}

async function piecesBelow(root: string): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for (const name of await fs.readdir(root, { recursive: true })) {
    const stats = await fs.stat(join(root, name));
    if (!stats.isFile()) continue;
    for (let position = 0; position < stats.size; position += OBJECT_BYTES) {
      pieces.push({ name, position, length: Math.min(OBJECT_BYTES, stats.size - position) });
    }
  }
  return pieces;
}

async function storedPieces(): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: PREFIX })) {
    for (const { Key = "", Size = 0 } of page.Contents ?? []) {
      const [name = "", position = ""] = Key.slice(PREFIX.length).split("@");
      pieces.push({ name, position: Number(position), length: Size });
    }
  }
  return pieces;
}

async function eachAtATime(pieces: readonly Piece[], action: (piece: Piece) => Promise<void>): Promise<void> {
  const left = pieces.values();
  const work = async (): Promise<void> => {
    for (const piece of left) await action(piece);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}

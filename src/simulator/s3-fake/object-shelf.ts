import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

/** An object as the fake keeps it. Never changed; another one takes its place. */
export interface ShelvedObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly modifiedMs: number;
  /** Checksum headers that came with it, such as `x-amz-checksum-sha256`. */
  readonly checksums: Readonly<Record<string, string>>;
  /** Other headers that came with it and are told again, such as the storage class. */
  readonly traits: Readonly<Record<string, string>>;
}

/** An upload in parts that is under way. */
export interface ShelvedUpload {
  readonly id: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly traits: Readonly<Record<string, string>>;
  readonly parts: Map<number, { readonly bytes: Buffer; readonly etag: string }>;
}

/** A condition of a write, from its headers. */
export interface WriteCondition {
  readonly ifNoneMatch: string | undefined;
  readonly ifMatch: string | undefined;
}

/** One bucket, in memory. Each method happens at once, so whatever begins afterwards sees its effect. */
export class ObjectShelf {
  readonly objects = new Map<string, ShelvedObject>();
  readonly uploads = new Map<string, ShelvedUpload>();
  #sortedKeys: readonly string[] | undefined;

  /** Why a write is refused; undefined: it is not. */
  refusal(
    key: string,
    { ifNoneMatch, ifMatch }: WriteCondition,
  ): "PreconditionFailed" | "NoSuchKey" | undefined {
    const there = this.objects.get(key);
    if (ifNoneMatch === "*" && there !== undefined) return "PreconditionFailed";
    if (ifMatch === undefined) return undefined;
    if (there === undefined) return "NoSuchKey";
    return ifMatch === "*" || ifMatch === there.etag ? undefined : "PreconditionFailed";
  }

  put(key: string, object: ShelvedObject): void {
    if (!this.objects.has(key)) this.#sortedKeys = undefined;
    this.objects.set(key, object);
  }

  remove(key: string): void {
    if (this.objects.delete(key)) this.#sortedKeys = undefined;
  }

  beginUpload(key: string, initiatedMs: number, traits: Readonly<Record<string, string>>): ShelvedUpload {
    const upload = { id: randomBytes(16).toString("hex"), key, initiatedMs, traits, parts: new Map() };
    this.uploads.set(upload.id, upload);
    return upload;
  }

  /** All keys, ascending by their bytes. */
  get sortedKeys(): readonly string[] {
    this.#sortedKeys ??= [...this.objects.keys()].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    );
    return this.#sortedKeys;
  }
}

/** An entity tag. As S3 with KMS it says nothing about the bytes. */
export function newEtag(): string {
  return `"${randomBytes(16).toString("hex")}"`;
}

/** The checksum of checksums (CRC-32) that S3 gives an object in parts. */
export function compositeChecksum(partChecksums: readonly string[]): string {
  const value = Buffer.alloc(4);
  value.writeUInt32BE(partChecksums.reduce((sum, one) => crc32(Buffer.from(one, "base64"), sum), 0));
  return `${value.toString("base64")}-${partChecksums.length}`;
}

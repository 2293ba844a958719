const MIB = 1024 * 1024;

/** Sizes and times that nobody needs to set but tests. */
export interface S3Limits {
  /** Larger objects are sent in parts. S3 takes up to 5 GB in one request; a part is sent again sooner. */
  readonly multipartAboveBytes: number;
  /** At least so large is a part. */
  readonly partBytes: number;
  readonly partsAtOnce: number;
  /** A connection that takes longer has failed. */
  readonly connectMs: number;
  /** A connection on which nothing moves for so long has failed. */
  readonly silenceMs: number;
}

export const S3_LIMITS: S3Limits = {
  multipartAboveBytes: 64 * MIB,
  partBytes: 32 * MIB,
  partsAtOnce: 4,
  connectMs: 10_000,
  silenceMs: 30_000,
};

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_PARTS = 10_000;

/** How large each part of an object is, the last one excepted. */
export function partSize(objectBytes: number, { partBytes }: S3Limits): number {
  return Math.max(partBytes, Math.ceil(objectBytes / MOST_PARTS / MIB) * MIB);
}

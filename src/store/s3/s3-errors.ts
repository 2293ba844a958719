import { type ErrorCode, SpotproofError } from "../../base/index.ts";
import { readTrouble, type S3Trouble, S3TroubleError } from "./s3-answer.ts";

/** A request that was made, for messages. */
export interface S3Operation {
  /** The store, such as `s3://bucket/prefix`. */
  readonly place: string;
  /** Such as `create jobs/a/job.json`. */
  readonly what: string;
  /** The right that it needs, such as `s3:GetObject`. */
  readonly right: string;
  readonly writes: boolean;
  /** The region that was asked, and whether the user chose it in the URL. */
  readonly region: string;
  readonly encrypts: boolean;
}

type Explanation = (trouble: S3Trouble, operation: S3Operation) => readonly [ErrorCode, string];

const always =
  (code: ErrorCode, words: string): Explanation =>
  () => [code, words];

const expired = always(
  "store-unreachable",
  "The credentials have expired. Renew them; a role of the machine or container renews them by itself.",
);
const wrongCredentials = always(
  "store-unreachable",
  "The credentials are wrong. Check which ones this machine uses: the environment, a profile, or its role.",
);
const otherRegion: Explanation = ({ bucketRegion }, { region }) => [
  "bad-usage",
  bucketRegion === undefined
    ? `The bucket is not in the region ${region}. Name its region in the URL: ?region=…`
    : `The bucket is in the region ${bucketRegion}, not ${region}. Write ?region=${bucketRegion} in the URL.`,
];
const full = always("store-full", "The server has no room for more, or a quota is used up.");
const damagedOnItsWay = always(
  "store-unreachable",
  "The bytes that arrived are not those that were sent. Nothing was stored.",
);
const archived = always(
  "store-unreachable",
  "The object was moved to an archive and cannot be read at once. Restore it in S3, and keep lifecycle rules away from this store.",
);

/** By S3's code: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; some are those of other servers. */
const BY_CODE: ReadonlyMap<string, Explanation> = new Map<string, Explanation>([
  [
    "NoSuchBucket",
    always(
      "store-unreachable",
      "The bucket does not exist. Create it, or correct its name; Spotproof creates none.",
    ),
  ],
  ["PermanentRedirect", otherRegion],
  ["TemporaryRedirect", otherRegion],
  ["AuthorizationHeaderMalformed", otherRegion],
  ["IllegalLocationConstraintException", otherRegion],
  ["ExpiredToken", expired],
  ["ExpiredTokenException", expired],
  ["TokenRefreshRequired", expired],
  ["InvalidToken", expired],
  ["InvalidAccessKeyId", wrongCredentials],
  ["SignatureDoesNotMatch", wrongCredentials],
  [
    "CredentialsProviderError",
    always(
      "store-unreachable",
      "There are no credentials, or they could not be read. Give the machine or container a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
    ),
  ],
  [
    "RequestTimeTooSkewed",
    always("store-unreachable", "The clock of this machine is wrong by more than 15 minutes. Set it."),
  ],
  ["InvalidObjectState", archived],
  ["BadDigest", damagedOnItsWay],
  ["XAmzContentSHA256Mismatch", damagedOnItsWay],
  ["XAmzContentChecksumMismatch", damagedOnItsWay],
  ["IncompleteBody", damagedOnItsWay],
  ["QuotaExceeded", full],
  ["InsufficientCapacity", full],
  ["XMinioStorageFull", full],
  ["XMinioAdminBucketQuotaExceeded", full],
  ["InvalidStorageClass", always("bad-usage", "The server does not know this storage class.")],
]);

/** Puts what the SDK threw into a SpotproofError. Everything that may pass by itself is `store-unreachable`. */
export function asS3Error(error: unknown, operation: S3Operation): SpotproofError {
  if (error instanceof SpotproofError) return error;
  const trouble = readTrouble(error);
  const [code, words] = explain(trouble, operation);
  const answer =
    trouble.status === undefined
      ? `no answer to "${operation.what}" (${trouble.code})`
      : `the answer to "${operation.what}" was ${trouble.status} ${trouble.code}`;
  const request = trouble.requestId === undefined ? "" : `, request ${trouble.requestId}`;
  const said =
    trouble.message === "" || trouble.message === trouble.code ? "" : `It says: ${sentence(trouble.message)}`;
  const sentences = [`${operation.place}: ${answer}${request}.`, words, said];
  return new SpotproofError(code, sentences.filter((each) => each !== "").join(" "), {
    cause: new S3TroubleError(trouble),
  });
}

function explain(trouble: S3Trouble, operation: S3Operation): readonly [ErrorCode, string] {
  const known = BY_CODE.get(trouble.code);
  if (known !== undefined) return known(trouble, operation);
  if (trouble.code.startsWith("KMS.")) return aboutKey(trouble, operation);
  if (trouble.status === 301 || trouble.status === 307) return otherRegion(trouble, operation);
  if (trouble.status === 403) return forbidden(operation);
  if (trouble.status === 501) return notImplemented(operation);
  if (trouble.status === 507) return ["store-full", "The server has no room for more."];
  return ["store-unreachable", ""];
}

function forbidden({ writes, right, encrypts }: S3Operation): readonly [ErrorCode, string] {
  if (right === "s3:GetObject") {
    return [
      "store-unreachable",
      "The right s3:GetObject is missing on these objects; or, when the object does not exist, the right s3:ListBucket on the bucket: without it S3 says 403 instead of 404. With a KMS key, kms:Decrypt is needed as well.",
    ];
  }
  const key = encrypts ? " With a KMS key, kms:GenerateDataKey and kms:Decrypt are needed as well." : "";
  const words = `The right ${right} is missing, or a policy of the bucket forbids it.${key}`;
  return [writes ? "store-not-writable" : "store-unreachable", words];
}

function aboutKey({ code }: S3Trouble, { writes }: S3Operation): readonly [ErrorCode, string] {
  const mayPass = /Throttl|Internal|Unavailable|LimitExceeded|Timeout/i.test(code);
  const words =
    "The KMS key cannot be used. Check that it exists, is enabled, and that its policy allows this user.";
  return [writes && !mayPass ? "store-not-writable" : "store-unreachable", words];
}

function notImplemented({ what }: S3Operation): readonly [ErrorCode, string] {
  const words = what.startsWith("create ")
    ? "The server does not know how to create an object only if it is absent (If-None-Match), so two machines could own one job there. If it is the checksum that it does not know, add checksums=false to the URL."
    : "The server lacks something that a store needs. If it is the checksum that it does not know, add checksums=false to the URL.";
  return ["store-unsuitable", words];
}

function sentence(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** For answers that are no trouble by their status but cannot be what S3 says. */
export function implausible(operation: S3Operation, why: string, cause?: unknown): SpotproofError {
  return new SpotproofError(
    "store-unreachable",
    `${operation.place}: the answer to "${operation.what}" ${why}`,
    { cause },
  );
}

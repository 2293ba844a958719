import { SpotproofError } from "../../base/index.ts";
import { requirePrefix } from "../key-rules.ts";

/** Where in S3 a store lies, and how its objects are written. Everything but credentials. */
export interface S3Location {
  readonly bucket: string;
  /** Before every key: empty, or segments that end in `/`. */
  readonly prefix: string;
  /** Default: what the AWS settings of this machine say; if they say nothing, the bucket's own. */
  readonly region: string | undefined;
  /** Of a server that speaks S3. Default: Amazon's, or what the AWS settings of this machine say. */
  readonly endpoint: string | undefined;
  /** Whether the bucket is named in the path instead of the host. Default: only with an endpoint. */
  readonly pathStyle: boolean;
  /** Of objects of 128 KiB or more; smaller ones cost less in the standard class. */
  readonly storageClass: string | undefined;
  /** A key of KMS (ARN, id or alias), or `aws/s3` for Amazon's own. Default: what the bucket says. */
  readonly kmsKey: string | undefined;
  /** A section of the shared AWS configuration. */
  readonly profile: string | undefined;
  /** Whether whoever uses the bucket pays for its requests. */
  readonly requesterPays: boolean;
  /** Whether checksums (CRC-32) are stored beside objects and compared when they are read. */
  readonly checksums: boolean;
}

const PARAMETERS = [
  "region",
  "endpoint",
  "path-style",
  "storage-class",
  "sse-kms-key",
  "profile",
  "requester-pays",
  "checksums",
] as const;
type Parameter = (typeof PARAMETERS)[number];

/** Those whose objects can be read at once. */
const STORAGE_CLASSES: readonly string[] = [
  "STANDARD",
  "STANDARD_IA",
  "ONEZONE_IA",
  "INTELLIGENT_TIERING",
  "GLACIER_IR",
  "REDUCED_REDUNDANCY",
];
const ARCHIVES: readonly string[] = ["GLACIER", "DEEP_ARCHIVE"];

/** S3 allows 1024 bytes in a key, and the keys of jobs need some. */
const LONGEST_PREFIX = 512;

/**
 * Reads `s3://bucket/prefix?region=…&endpoint=…&path-style=…&storage-class=…&sse-kms-key=…&profile=…&requester-pays=…&checksums=…`.
 * Names of buckets: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
 * @throws SpotproofError `bad-usage` that names the part that is wrong. It never repeats what may be a secret.
 */
export function parseS3Location(url: string): S3Location {
  const match = /^s3:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?(#.*)?$/i.exec(url);
  if (match === null) throw refused("a store in S3 is written s3://bucket/prefix.");
  const [, bucket = "", path = "", query = "", fragment] = match;
  if (fragment !== undefined) throw refused('there is a "#" in it, which has no meaning here.');
  requireBucketName(bucket);
  const parameters = readParameters(query);
  const endpoint = readEndpoint(parameters.get("endpoint"));
  return {
    bucket,
    prefix: readPrefix(path),
    region: readRegion(parameters.get("region")),
    endpoint,
    pathStyle: readYesOrNo(parameters, "path-style") ?? endpoint !== undefined,
    storageClass: readStorageClass(parameters.get("storage-class")),
    kmsKey: parameters.get("sse-kms-key"),
    profile: parameters.get("profile"),
    requesterPays: readYesOrNo(parameters, "requester-pays") ?? false,
    checksums: readYesOrNo(parameters, "checksums") ?? true,
  };
}

function refused(why: string): SpotproofError {
  return new SpotproofError("bad-usage", `The URL of the store cannot be used: ${why}`);
}

function requireBucketName(bucket: string): void {
  if (bucket === "") throw refused("it names no bucket. Write s3://bucket/prefix.");
  if (bucket.includes("@")) {
    throw refused(
      "credentials do not belong into it. Hand them over as usual for AWS: a role, the environment, or a profile.",
    );
  }
  if (bucket.includes(":")) {
    throw refused(
      'the bucket is followed by ":". The address of another server goes into ?endpoint=https://host:port.',
    );
  }
  const isName =
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) &&
    !bucket.includes("..") &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(bucket);
  if (!isName) {
    throw refused(
      `"${bucket}" is no name of a bucket, which has 3 to 63 characters of a-z, 0-9, "." and "-", and begins and ends with a letter or a digit.`,
    );
  }
  if (bucket.endsWith("--x-s3")) {
    throw refused(
      `"${bucket}" is a directory bucket (S3 Express One Zone). Its listings have no order, and its objects are lost with their one zone. Use a general purpose bucket.`,
    );
  }
}

function readPrefix(path: string): string {
  const trimmed = path.replaceAll(/^\/+|\/+$/g, "");
  if (trimmed === "") return "";
  const prefix = `${trimmed}/`;
  try {
    requirePrefix(prefix);
  } catch (error) {
    throw new SpotproofError(
      "bad-usage",
      `The URL of the store cannot be used: the part behind the bucket, "${trimmed}", has a segment that is empty, "." or "..", or a character other than A-Z a-z 0-9 . _ -`,
      { cause: error },
    );
  }
  if (prefix.length > LONGEST_PREFIX)
    throw refused(`the part behind the bucket is longer than ${LONGEST_PREFIX} characters.`);
  return prefix;
}

function readParameters(query: string): ReadonlyMap<Parameter, string> {
  const values = new Map<Parameter, string>();
  // A "+" stays what it is: in the alias of a key it is no space.
  for (const [name, value] of new URLSearchParams(query.replaceAll("+", "%2B"))) {
    const known = PARAMETERS.find((parameter) => parameter === name);
    if (known === undefined) {
      throw refused(`it has the parameter "${name}", which is unknown. There are: ${PARAMETERS.join(", ")}.`);
    }
    if (values.has(known)) throw refused(`the parameter "${name}" is there twice.`);
    if (value === "") throw refused(`the parameter "${name}" is empty.`);
    values.set(known, value);
  }
  return values;
}

function readYesOrNo(parameters: ReadonlyMap<Parameter, string>, name: Parameter): boolean | undefined {
  const value = parameters.get(name);
  if (value === undefined || value === "true" || value === "false")
    return value === undefined ? value : value === "true";
  throw refused(`${name} is "${value}". It is true or false.`);
}

function readRegion(region: string | undefined): string | undefined {
  if (region === undefined || /^[a-z0-9][a-z0-9-]{0,62}$/i.test(region)) return region;
  throw refused(`"${region}" is no name of a region, such as eu-central-1.`);
}

function readEndpoint(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined;
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw refused("the endpoint is no address such as https://host:port.");
  if (url.username !== "" || url.password !== "")
    throw refused("credentials do not belong into the endpoint.");
  if (url.search !== "" || url.hash !== "")
    throw refused('the endpoint has a "?" or "#", which has no meaning here.');
  return url.href.replace(/\/$/, "");
}

function readStorageClass(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  const wanted = name.toUpperCase();
  if (STORAGE_CLASSES.includes(wanted)) return wanted;
  const why = ARCHIVES.includes(wanted)
    ? "Objects there take hours before they can be read, so nothing could be restored."
    : "It is none in which a store can lie.";
  throw refused(`the storage class "${name}": ${why} There are: ${STORAGE_CLASSES.join(", ")}.`);
}

import { reasonOf, systemErrorCode } from "../../base/index.ts";

/** What is known of a request that did not succeed. */
export interface S3Trouble {
  /** Undefined: no answer came. */
  readonly status: number | undefined;
  /** S3's own name for it, such as `SlowDown`; that of the system or the SDK when there is no answer. */
  readonly code: string;
  readonly message: string;
  readonly requestId: string | undefined;
  /** Where the bucket really is, when the answer says so. */
  readonly bucketRegion: string | undefined;
}

/** Keeps what is known as the cause of an error. What the SDK throws holds the request, with a token in its headers. */
export class S3TroubleError extends Error {
  readonly trouble: S3Trouble;

  constructor(trouble: S3Trouble) {
    super(trouble.message);
    this.name = trouble.code;
    this.trouble = trouble;
  }
}

interface SdkError {
  readonly name?: string;
  readonly Region?: string;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
  readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
}

/** Longer words than these are a page of a proxy. */
const LONGEST_MESSAGE = 300;

/** Reads what the SDK throws. */
export function readTrouble(error: unknown): S3Trouble {
  const told: SdkError = typeof error === "object" && error !== null ? error : {};
  const headers = told.$response?.headers ?? {};
  return {
    status: told.$metadata?.httpStatusCode ?? told.$response?.statusCode,
    code: systemErrorCode(error) ?? told.name ?? "Unknown",
    message: wordsOf(error),
    requestId: told.$metadata?.requestId ?? headers["x-amz-request-id"],
    bucketRegion: headers["x-amz-bucket-region"] ?? told.Region,
  };
}

function wordsOf(error: unknown): string {
  // Node tries all addresses of a host and then throws an error without words that holds the others.
  const spoken = error instanceof AggregateError && error.message === "" ? error.errors[0] : error;
  // The SDK adds advice for programmers behind a line's end.
  const [first = ""] = reasonOf(spoken).split("\n");
  const plain = first.replaceAll(/[\p{Cc}\s]+/gu, " ").trim();
  return plain.length > LONGEST_MESSAGE ? `${plain.slice(0, LONGEST_MESSAGE)}…` : plain;
}

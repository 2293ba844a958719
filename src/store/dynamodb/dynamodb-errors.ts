import { type ErrorCode, SpotproofError, reasonOf } from "../../base/index.ts";

/** A failure after which the same request may be sent again. */
export class RepeatableError extends SpotproofError {
  /** `no`: the server refused and did nothing. `maybe`: nobody knows, because no answer came or one that says nothing. */
  readonly happened: "no" | "maybe";

  constructor(happened: "no" | "maybe", detail: string, options?: ErrorOptions) {
    super("store-unreachable", detail, options);
    this.happened = happened;
  }
}

/** What was asked for when it failed. */
export interface Request {
  /** The name of the operation, which is also that of the right that it needs: `PutItem`. */
  readonly operation: string;
  readonly writes: boolean;
  /** For messages: which table, where. */
  readonly place: string;
}

// Names of errors: the API reference of DynamoDB ("Common Errors" and each operation's), and those of the client itself.
const THROTTLED: ReadonlySet<string> = new Set([
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "LimitExceededException",
]);
const IN_EACH_OTHERS_WAY: ReadonlySet<string> = new Set([
  "TransactionConflictException",
  "TransactionInProgressException",
]);
const DENIED: ReadonlySet<string> = new Set(["AccessDeniedException", "AccessDenied", "NotAuthorized"]);
const CREDENTIALS: Readonly<Record<string, string>> = {
  ExpiredTokenException: "The AWS credentials have expired",
  ExpiredToken: "The AWS credentials have expired",
  UnrecognizedClientException: "AWS does not know these credentials in this region",
  InvalidClientTokenId: "AWS does not know these credentials in this region",
  InvalidSignatureException:
    "The signature was refused: the secret key is wrong or this machine's clock is off",
  IncompleteSignatureException: "The signature was refused: the credentials are incomplete",
  MissingAuthenticationTokenException: "The request carried no credentials",
  CredentialsProviderError: "No AWS credentials were found in the environment, the profile or the instance",
  TokenProviderError: "The AWS sign-on of this profile has ended",
};

/** What a failed request means for the store. Errors that speak for themselves come back as they are. */
export function asStoreError(error: unknown, request: Request): unknown {
  if (error instanceof SpotproofError || !(error instanceof Error)) return error;
  const { operation, place } = request;
  const options = { cause: error };
  const said = `${operation} on ${place} failed: ${reasonOf(error) || error.name}`.replace(/\.$/, "");
  if (THROTTLED.has(error.name)) {
    return new RepeatableError("no", `${place} takes no more at present (${error.name}).`, options);
  }
  if (IN_EACH_OTHERS_WAY.has(error.name)) {
    return new RepeatableError("no", `${said}: another write was under way there.`, options);
  }
  const credentials = CREDENTIALS[error.name];
  if (credentials !== undefined) {
    return new SpotproofError("store-unreachable", `${credentials} (${said}).`, options);
  }
  if (DENIED.has(error.name)) {
    const code: ErrorCode = request.writes ? "store-not-writable" : "store-unreachable";
    return new SpotproofError(
      code,
      `These credentials lack the right dynamodb:${operation} on ${place} (${reasonOf(error)}).`,
      options,
    );
  }
  return asRarerError(error, said, request);
}

function asRarerError(error: Error, said: string, { operation, place }: Request): SpotproofError {
  const options = { cause: error };
  if (error.message === "Region is missing") {
    return new SpotproofError(
      "bad-usage",
      `No AWS region is known. Add ?region=… to the store's URL, or set AWS_REGION.`,
      options,
    );
  }
  switch (error.name) {
    case "ResourceNotFoundException":
      return new SpotproofError("store-unreachable", `${place} is not there (${operation}).`, options);
    case "ItemCollectionSizeLimitExceededException":
      return new SpotproofError(
        "store-full",
        `${place} has a local secondary index, which limits a store to 10 GB. Use a table without one.`,
        options,
      );
    case "UnknownOperationException":
      return new SpotproofError(
        "store-unsuitable",
        `The server of ${place} does not know ${operation}, which larger objects need.`,
        options,
      );
    case "ValidationException":
      return new SpotproofError("internal", `${said}.`, options);
  }
  const status = statusOf(error);
  // A 4xx says that nothing was done; but what it means is not known here, so it is no reason to repeat at once.
  if (status !== undefined && status >= 400 && status < 500)
    return new SpotproofError("store-unreachable", `${said} (${error.name}, HTTP ${status}).`, options);
  return new RepeatableError("maybe", `${said} (${error.name}).`, options);
}

function statusOf(error: Error): number | undefined {
  const metadata: unknown = "$metadata" in error ? error.$metadata : undefined;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

/** Whether an error is the server's answer that a condition of the one written item did not hold. */
export function isRefusal(error: unknown): boolean {
  return error instanceof Error && error.name === "ConditionalCheckFailedException";
}

/**
 * The numbers of the writes of a transaction whose condition did not hold, when that is all that was wrong. Throws what else
 * it was: the error itself when no transaction was cancelled.
 */
export function refusedWrites(error: unknown, place: string): readonly number[] {
  if (!(error instanceof Error) || error.name !== "TransactionCanceledException") throw error;
  const codes = cancellationCodes(error);
  const others = codes.filter((code) => code !== "None" && code !== "ConditionalCheckFailed");
  const refused = codes.flatMap((code, index) => (code === "ConditionalCheckFailed" ? [index] : []));
  if (others.length === 0 && refused.length > 0) return refused;
  const reasons = others.length === 0 ? "no reason given" : [...new Set(others)].join(", ");
  const said = `A transaction on ${place} was cancelled: ${reasons}.`;
  if (others.every((code) => PASSING.has(code))) throw new RepeatableError("no", said, { cause: error });
  const isFull = others.includes("ItemCollectionSizeLimitExceeded");
  throw new SpotproofError(isFull ? "store-full" : "internal", said, { cause: error });
}

/** Reasons of a cancellation that pass. */
const PASSING: ReadonlySet<string> = new Set([
  "TransactionConflict",
  "ProvisionedThroughputExceeded",
  "ThrottlingError",
  "RequestLimitExceeded",
]);

/** What a cancelled transaction says of each of its writes: `None`, `ConditionalCheckFailed`, `TransactionConflict` … */
function cancellationCodes(error: Error): readonly string[] {
  const reasons: unknown = "CancellationReasons" in error ? error.CancellationReasons : undefined;
  if (!Array.isArray(reasons)) return [];
  return reasons.map((reason: unknown) =>
    typeof reason === "object" && reason !== null && "Code" in reason && typeof reason.Code === "string"
      ? reason.Code
      : "None",
  );
}

import { type ErrorCode, SpotproofError, reasonOf, systemErrorCode } from "../../../base/index.ts";

// What PostgreSQL says (https://www.postgresql.org/docs/current/errcodes-appendix.html), or the way to it.

const FIXED: Readonly<Record<string, ErrorCode>> = {
  "53100": "store-full",
  "42501": "store-not-writable",
  // What the disk gave back does not match its own checksums.
  XX001: "record-damaged",
  XX002: "record-damaged",
};

/** Password, user, database: at the beginning a mistake of the user's, later something that an administrator changes. */
const NOT_ADMITTED = /^(28...|3D000)$/;
/** TLS, and the files that a URL names for it. */
const TLS =
  /^(ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)|SSL connections?$|sslmode|sslrootcert|, open '/;
/** Statements that this program and these tables cannot have. */
const NOT_UNDERSTOOD = /^(22|23502|42(?!501|P01)|0A)/;

const HINTS: Readonly<Record<string, string>> = {
  "25006": " It is a stand-by, or its administrator or its full disk has made it read-only.",
  "53300": " All of its connections are taken.",
  "42P01": " The tables of the store are not there.",
  "28000": " If it asks for encryption, add sslmode=require or sslmode=verify-full to the URL.",
};

/**
 * What a failure means for the store. An answer that never came says nothing of whether the write took place; that, and
 * everything unknown, is `store-unreachable`. `isFirst`: nothing has ever worked, so the URL may be wrong.
 */
export function asPostgresError(error: unknown, description: string, isFirst: boolean): SpotproofError {
  if (error instanceof SpotproofError) return error;
  const code = systemErrorCode(error) ?? "";
  return new SpotproofError(
    codeFor(code, reasonOf(error), isFirst),
    `${description}: ${words(error)}.${HINTS[code] ?? ""}`,
    { cause: error },
  );
}

function codeFor(code: string, reason: string, isFirst: boolean): ErrorCode {
  const fixed = FIXED[code];
  if (fixed !== undefined) return fixed;
  if (isFirst && (NOT_ADMITTED.test(code) || TLS.test(code) || TLS.test(reason))) return "bad-usage";
  if (NOT_UNDERSTOOD.test(code)) return "internal";
  return "store-unreachable";
}

/** A host with several addresses fails with an error for each and an empty text of its own. */
function words(error: unknown): string {
  const reasons = error instanceof AggregateError ? error.errors.map(reasonOf).join("; ") : reasonOf(error);
  return (reasons === "" ? (systemErrorCode(error) ?? "it did not answer") : reasons).replace(/\.$/, "");
}

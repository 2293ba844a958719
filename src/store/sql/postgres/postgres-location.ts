import { SpotproofError, reasonOf } from "../../../base/index.ts";

/** Where a store in PostgreSQL is. */
export interface PostgresLocation {
  readonly kind: "postgres";
  /** For the driver; may contain a password: never to be shown. */
  readonly connectionString: string;
  readonly schema: string;
  /** Tells several stores in the same tables apart. Default empty. */
  readonly prefix: string;
  /** For messages; without user and password. */
  readonly description: string;
  /** Whether others on the network could listen: another machine, and no TLS was asked for. */
  readonly isExposed: boolean;
}

const SCHEMA = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/;
const PREFIX = /^[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;
const KNOWN_TLS = new Set(["disable", "require", "verify-ca", "verify-full", "no-verify"]);

/**
 * Reads `postgres://user:password@host:port/database?schema=…&prefix=…`; other parameters go to the driver.
 * @throws SpotproofError `bad-usage`, which never quotes the URL: it may contain a password
 */
export function parsePostgresLocation(text: string): PostgresLocation {
  const url = parsedUrl(text);
  const schema = taken(url, "schema") ?? "spotproof";
  if (!SCHEMA.test(schema)) {
    throw badUrl(`schema=${schema}: a schema has letters, digits and "_", and no digit at its beginning.`);
  }
  const prefix = taken(url, "prefix") ?? "";
  if (prefix !== "" && !PREFIX.test(prefix)) {
    throw badUrl(`prefix=${prefix}: a prefix has letters, digits, ".", "_", "-", and "/" between them.`);
  }
  const tls = url.searchParams.get("sslmode");
  if (tls !== null && !KNOWN_TLS.has(tls)) {
    throw badUrl(`sslmode=${tls}: write ${[...KNOWN_TLS].join(", ")}.`);
  }
  // Without it the driver takes "require" for "verify-full", and says so on the standard error stream.
  if (tls !== null && tls !== "no-verify" && !url.searchParams.has("uselibpqcompat"))
    url.searchParams.set("uselibpqcompat", "true");
  const place: string[] = [];
  if (schema !== "spotproof") place.push(`schema ${schema}`);
  if (prefix !== "") place.push(`prefix ${prefix}`);
  const host = decodeURIComponent(url.searchParams.get("host") ?? url.host);
  const database = decodeURIComponent(url.pathname.slice(1));
  return {
    kind: "postgres",
    connectionString: url.href,
    schema,
    prefix,
    description: `postgres ${host === "" ? "" : `${host}/`}${database}${place.length === 0 ? "" : ` (${place.join(", ")})`}`,
    isExposed: !isLocal(host) && (tls === null || tls === "disable") && !url.searchParams.has("ssl"),
  };
}

function parsedUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
    decodeURIComponent(url.pathname + url.username + url.password);
  } catch (error) {
    throw badUrl(`it is no URL (${reasonOf(error).replaceAll(text, "…")}).`);
  }
  if (url.protocol === "postgres:" || url.protocol === "postgresql:") return url;
  throw badUrl(`it does not begin with postgres:// or postgresql://.`);
}

/** Takes one of our own parameters out of the URL. */
function taken(url: URL, name: string): string | undefined {
  const value = url.searchParams.get(name) ?? undefined;
  url.searchParams.delete(name);
  return value;
}

function isLocal(host: string): boolean {
  return host === "" || /^(\/|localhost(:|$)|127\.|\[::1\])/.test(host);
}

function badUrl(reason: string): SpotproofError {
  return new SpotproofError(
    "bad-usage",
    `The URL of the PostgreSQL store is not usable: ${reason} Write postgres://user@host:5432/database.`,
  );
}

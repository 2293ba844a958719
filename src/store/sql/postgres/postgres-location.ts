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
/** An entry of an index has room for 2,704 bytes, and the keys of jobs need some. */
const LONGEST_PREFIX = 512;
const KNOWN_TLS = new Set(["disable", "require", "verify-ca", "verify-full", "no-verify"]);
/** Of our own. They are taken out before the driver sees the URL. */
const OWN_PARAMETERS = ["schema", "prefix"];
/**
 * Of PostgreSQL (https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS; the driver passes over
 * those that it does not know) and of the driver alone.
 */
const OTHER_PARAMETERS: ReadonlySet<string> = new Set(
  `host hostaddr port user password passfile require_auth channel_binding connect_timeout client_encoding options
  application_name fallback_application_name keepalives keepalives_idle keepalives_interval keepalives_count
  tcp_user_timeout gssencmode sslmode sslnegotiation sslcompression sslcert sslkey sslpassword sslcertmode sslrootcert
  sslcrl sslcrldir sslsni requirepeer ssl_min_protocol_version ssl_max_protocol_version krbsrvname gsslib gssdelegation
  target_session_attrs load_balance_hosts ssl uselibpqcompat statement_timeout lock_timeout query_timeout
  idle_in_transaction_session_timeout`.split(/\s+/),
);

/**
 * Reads `postgres://user:password@host:port/database?schema=…&prefix=…`; other parameters of PostgreSQL go to the driver.
 * @throws SpotproofError `bad-usage`, which never quotes the URL: it may contain a password
 */
export function parsePostgresLocation(text: string): PostgresLocation {
  const url = parsedUrl(text);
  requireKnownParameters(url);
  const schema = taken(url, "schema") ?? "spotproof";
  if (!SCHEMA.test(schema)) {
    throw badUrl(`schema=${schema}: a schema has letters, digits and "_", and no digit at its beginning.`);
  }
  const prefix = taken(url, "prefix") ?? "";
  if (prefix !== "" && !PREFIX.test(prefix)) {
    throw badUrl(`prefix=${prefix}: a prefix has letters, digits, ".", "_", "-", and "/" between them.`);
  }
  if (prefix.length > LONGEST_PREFIX) throw badUrl(`its prefix is longer than ${LONGEST_PREFIX} characters.`);
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

/** A prefix or a schema with a slip of the pen would be another store, in which every job begins anew. */
function requireKnownParameters(url: URL): void {
  for (const name of url.searchParams.keys()) {
    if (OWN_PARAMETERS.includes(name) || OTHER_PARAMETERS.has(name)) continue;
    throw badUrl(
      `it has the parameter "${name}", which is unknown. There are: ${OWN_PARAMETERS.join(", ")}, and those of PostgreSQL, such as sslmode.`,
    );
  }
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

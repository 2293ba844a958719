import { SpotproofError } from "../../base/index.ts";

/** Where a `dynamodb:` URL points. What is undefined is found by the AWS client (environment, profile, instance). */
export interface DynamoDbLocation {
  readonly table: string;
  /** Keeps several stores in one table apart. May be empty; no slash at its ends. */
  readonly prefix: string;
  readonly region?: string | undefined;
  /** For servers other than AWS's own. */
  readonly endpoint?: string | undefined;
  /** A profile of the AWS configuration files. */
  readonly profile?: string | undefined;
  /** Whether a missing table is created. */
  readonly createTable: boolean;
}

const SHAPE = "dynamodb://table/prefix?region=…&endpoint=…&profile=…&create-table=true";
const PARAMETERS: ReadonlySet<string> = new Set(["region", "endpoint", "profile", "create-table"]);
const TABLE = /^[A-Za-z0-9_.-]{3,255}$/;
const SEGMENT = "(?!\\.{1,2}(?:/|$))[A-Za-z0-9._-]+";
const PREFIX = new RegExp(`^(?:${SEGMENT}(?:/${SEGMENT})*)?$`);
/** Far below the 2,048 bytes of a partition key, of which the upload's name takes some as well. */
const LONGEST_PREFIX = 512;

/**
 * Reads `dynamodb://table/prefix?region=…&endpoint=…&profile=…&create-table=true`; everything behind the table may be
 * left out.
 * @throws SpotproofError `bad-usage`, which names what is wrong
 */
export function parseDynamoDbLocation(url: string): DynamoDbLocation {
  const parts = /^dynamodb:\/\/([^/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/i.exec(url);
  if (parts === null) throw wrong(`it does not read ${SHAPE}`);
  const [, table = "", path = "", query = ""] = parts;
  if (table.includes("@")) throw wrong("it holds a user or a password; use a profile or the environment");
  if (!TABLE.test(table)) {
    throw wrong(`"${table}" is no name of a table: 3 to 255 of A-Z, a-z, 0-9, "_", "-" and "."`);
  }
  const prefix = path.replace(/\/$/, "");
  if (!PREFIX.test(prefix) || prefix.length > LONGEST_PREFIX) {
    throw wrong(
      `"${prefix}" is no prefix: at most ${LONGEST_PREFIX} of A-Z, a-z, 0-9, "_", "-" and ".", parted by "/"`,
    );
  }
  const given = parametersOf(query);
  return {
    table,
    prefix,
    region: regionOf(given.get("region")),
    endpoint: endpointOf(given.get("endpoint")),
    profile: given.get("profile"),
    createTable: switchOf("create-table", given.get("create-table")),
  };
}

function parametersOf(query: string): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    if (!PARAMETERS.has(name))
      throw wrong(`it has the unknown parameter "${name}"; known are ${[...PARAMETERS].join(", ")}`);
    if (given.has(name)) throw wrong(`it has the parameter "${name}" twice`);
    if (value === "") throw wrong(`its parameter "${name}" is empty`);
    given.set(name, value);
  }
  return given;
}

function regionOf(value: string | undefined): string | undefined {
  if (value === undefined || /^[a-z0-9-]+$/.test(value)) return value;
  throw wrong(`"${value}" is no region, such as eu-central-1`);
}

function endpointOf(value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol))
    throw wrong("its endpoint is no http: or https: URL");
  if (url.username !== "" || url.password !== "") throw wrong("its endpoint holds a user or a password");
  return value;
}

function switchOf(name: string, value: string | undefined): boolean {
  if (value === undefined || value === "false") return false;
  if (value === "true") return true;
  throw wrong(`its parameter "${name}" is neither true nor false`);
}

function wrong(what: string): SpotproofError {
  return new SpotproofError("bad-usage", `The dynamodb: URL cannot be used: ${what}.`);
}

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SpotproofError, systemErrorCode } from "../../../base/index.ts";
import type { SqlRow, SqlValue } from "../sql-executor.ts";

/** What is used of a connection of the driver `pg`, version 8. */
export interface PostgresClient {
  connect(): Promise<unknown>;
  query(query: {
    readonly text: string;
    readonly values?: SqlValue[];
  }): Promise<{ readonly rows: readonly SqlRow[] }>;
  /** Says goodbye; at once, without that, while a query is under way. */
  end(): Promise<void>;
  on(event: "error" | "end", listener: (error?: Error) => void): unknown;
  ref(): void;
  unref(): void;
}

/** What is used of the driver's options. */
export interface PostgresClientOptions {
  readonly connectionString: string;
  readonly application_name: string;
  readonly connectionTimeoutMillis: number;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
}

/** The driver. */
export interface PostgresDriver {
  readonly Client: new (options: PostgresClientOptions) => PostgresClient;
}

/**
 * Loads `pg`, which is not part of Spotproof: from where Spotproof lies, or from the folder in which it was started.
 * @throws SpotproofError `bad-usage` when it is in neither
 */
export async function loadPostgresDriver(workingFolder: string): Promise<PostgresDriver> {
  try {
    return driverOf(await import("pg"));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    const path = createRequire(join(workingFolder, "package.json")).resolve("pg");
    return driverOf(await import(pathToFileURL(path).href));
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new SpotproofError(
      "bad-usage",
      `A store in PostgreSQL needs the driver "pg", which is not part of Spotproof. Run \`npm install pg@8\` where Spotproof is installed, or in ${workingFolder}.`,
      { cause: error },
    );
  }
}

function isMissing(error: unknown): boolean {
  return ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(systemErrorCode(error) ?? "");
}

/** CommonJS as seen from ES modules: what it exports may be below `default` alone. */
function driverOf(loaded: object): PostgresDriver {
  const named = "Client" in loaded ? loaded : "default" in loaded ? loaded.default : undefined;
  if (isDriver(named)) return named;
  throw new SpotproofError("bad-usage", `The package "pg" that was found is no driver for PostgreSQL.`);
}

function isDriver(value: unknown): value is PostgresDriver {
  return (
    typeof value === "object" && value !== null && "Client" in value && typeof value.Client === "function"
  );
}

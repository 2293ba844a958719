import { systemClock } from "../../../base/index.ts";
import type { OpenedStore } from "../../opened-store.ts";
import { openSqlStore } from "../open-sql-store.ts";
import type { SqlExecutor } from "../sql-executor.ts";
import { loadPostgresDriver } from "./postgres-driver.ts";
import { createPostgresExecutor } from "./postgres-executor.ts";
import type { PostgresLocation } from "./postgres-location.ts";

/** How `openPostgresStore` opens. */
export interface PostgresStoreOptions {
  readonly location: PostgresLocation;
  /** `read` creates nothing: no schema, no tables. */
  readonly mode: "read" | "write";
  /** Where the driver is looked for beside Spotproof's own place. Absolute. */
  readonly workingFolder: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Opens the store in a database of PostgreSQL (9.6 or newer), making its tables when they are absent.
 * @throws SpotproofError `bad-usage` when the driver is missing, or user, password or database are wrong;
 * `store-unreachable`, `store-not-writable`, `store-full`, `store-unsuitable`, `store-newer`
 */
export async function openPostgresStore(options: PostgresStoreOptions): Promise<OpenedStore> {
  const { location, mode, signal } = options;
  const executor = createPostgresExecutor(
    await loadPostgresDriver(options.workingFolder),
    location,
    systemClock,
  );
  return openSqlStore(executor, {
    store: location.prefix,
    mode,
    signal,
    caution: async () => {
      const warnings = await serverWarnings(executor, signal);
      if (location.isExposed) {
        warnings.unshift(
          "The connection is not encrypted: add sslmode=verify-full or sslmode=require to the URL.",
        );
      }
      return warnings.length === 0 ? undefined : warnings.join(" ");
    },
  });
}

async function serverWarnings(executor: SqlExecutor, signal: AbortSignal | undefined): Promise<string[]> {
  const text = "SELECT current_setting('fsync') AS fsync, pg_is_in_recovery() AS standby";
  const [rows] = await executor.run([{ text, values: [] }], { signal });
  const warnings: string[] = [];
  if (rows?.[0]?.["fsync"] === "off") {
    warnings.push(
      "The server runs with fsync = off: when its machine loses power, checkpoints that were acknowledged are lost.",
    );
  }
  if (rows?.[0]?.["standby"] === true) {
    warnings.push("The server is a stand-by: it cannot be written, and what it shows may be behind.");
  }
  return warnings;
}

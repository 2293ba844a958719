import type { Clock } from "../../../base/index.ts";
import type { SqlExecutor, SqlRow, SqlStatement } from "../sql-executor.ts";
import { PostgresConnections } from "./postgres-connections.ts";
import { postgresDialect } from "./postgres-dialect.ts";
import type { PostgresClient, PostgresDriver } from "./postgres-driver.ts";
import { asPostgresError } from "./postgres-errors.ts";
import type { PostgresLocation } from "./postgres-location.ts";

const CONNECT_MS = 10_000;
const KEEP_ALIVE_MS = 10_000;

/** The executor of a database of PostgreSQL. Connects when it must. */
export function createPostgresExecutor(
  driver: PostgresDriver,
  location: PostgresLocation,
  clock: Clock,
): SqlExecutor {
  const { description } = location;
  const connect = (): PostgresClient =>
    new driver.Client({
      connectionString: location.connectionString,
      application_name: "spotproof",
      connectionTimeoutMillis: CONNECT_MS,
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
    });
  const connections = new PostgresConnections(connect, clock);
  let hasWorked = false;
  return {
    description,
    dialect: postgresDialect(location.schema),
    async run(statements, options = {}) {
      const { signal } = options;
      try {
        const rows = await connections.use(options, (client) => runOn(client, statements));
        hasWorked = true;
        return rows;
      } catch (error) {
        if (signal?.aborted === true && error === signal.reason) throw error;
        throw asPostgresError(error, description, !hasWorked);
      }
    },
    close: () => connections.close(),
  };
}

/** An error leaves the connection to be discarded, and with it an unfinished transaction. */
async function runOn(
  client: PostgresClient,
  statements: readonly SqlStatement[],
): Promise<readonly (readonly SqlRow[])[]> {
  const results: (readonly SqlRow[])[] = [];
  if (statements.length > 1) await client.query({ text: "BEGIN" });
  for (const { text, values } of statements) {
    const { rows } = await client.query({ text, values: [...values] });
    results.push(rows);
  }
  if (statements.length > 1) await client.query({ text: "COMMIT" });
  return results;
}

import { SpotproofError } from "../../base/index.ts";
import type { CallOptions } from "../store.ts";
import type { SqlExecutor, SqlStatement } from "./sql-executor.ts";

/** How `migrate` is to bring the tables to this program's version. */
export interface MigrateOptions extends CallOptions {
  /** `read` changes nothing. */
  readonly mode: "read" | "write";
}

/**
 * Makes the tables, or brings them to the version that this program knows. Of several that open a database at once one
 * makes each step; the others find it made.
 * @throws SpotproofError `store-newer`; `store-unreachable` when there are no tables and `mode` is `read`; or what the
 * executor throws
 */
export async function migrate(executor: SqlExecutor, { mode, signal }: MigrateOptions): Promise<void> {
  const { migrations } = executor.dialect;
  let version = await readVersion(executor, signal);
  if (mode === "read" && version < migrations.length) throw notReady(executor, version);
  while (version < migrations.length) {
    let failure: unknown;
    await executor.run(stepTo(executor, version + 1), { signal }).catch((error: unknown) => {
      failure = error;
    });
    const reached = await readVersion(executor, signal);
    // Somebody else made the step meanwhile (then ours was refused as a whole), or ours was made and the answer lost.
    if (reached <= version) throw failure ?? notReady(executor, reached);
    version = reached;
  }
  if (version > migrations.length) {
    throw new SpotproofError(
      "store-newer",
      `The tables in ${executor.description} are of version ${version}; this version knows ${migrations.length}.`,
    );
  }
}

/** All of one step in one transaction. The row with its number can be inserted once: a second such step is refused. */
function stepTo({ dialect }: SqlExecutor, version: number): readonly SqlStatement[] {
  const insert = `INSERT INTO ${dialect.tables.migrations} (version) VALUES ($1)`;
  const changes = dialect.migrations[version - 1] ?? [];
  return [
    ...dialect.beginMigration,
    { text: insert, values: [version] },
    ...changes.map((text) => ({ text, values: [] })),
  ];
}

async function readVersion(executor: SqlExecutor, signal: AbortSignal | undefined): Promise<number> {
  const { dialect } = executor;
  const [found] = await executor.run([dialect.findMigrations], { signal });
  if ((found?.[0]?.["there"] ?? null) === null) return 0;
  const text = `SELECT max(version) AS version FROM ${dialect.tables.migrations}`;
  const [rows] = await executor.run([{ text, values: [] }], { signal });
  return Number(rows?.[0]?.["version"] ?? 0);
}

function notReady({ description }: SqlExecutor, version: number): SpotproofError {
  const what =
    version === 0
      ? `There is no store in ${description} yet.`
      : `The tables in ${description} are of version ${version}, which \`spotproof run\` of this version will bring up to date.`;
  return new SpotproofError("store-unreachable", what);
}

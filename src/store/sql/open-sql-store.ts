import type { OpenedStore } from "../opened-store.ts";
import { prepareStore } from "../prepare-store.ts";
import { migrate } from "./migrate.ts";
import type { SqlExecutor } from "./sql-executor.ts";
import { SqlStore } from "./sql-store.ts";

/** What differs between the databases when a store is opened. */
export interface OpenSqlStoreOptions {
  /** Which of the stores in these tables. */
  readonly store: string;
  readonly mode: "read" | "write";
  readonly signal: AbortSignal | undefined;
  /** Asked for when the store works. */
  readonly caution: () => Promise<string | undefined>;
}

/** Opens the store behind an executor, which is closed when that fails. */
export async function openSqlStore(
  executor: SqlExecutor,
  options: OpenSqlStoreOptions,
): Promise<OpenedStore> {
  const { mode, signal } = options;
  try {
    await migrate(executor, { mode, signal });
    const raw = new SqlStore(executor, options.store);
    const store = await prepareStore(raw, { mode, signal });
    const caution = await options.caution();
    return { store, caution, sweep: (call) => raw.sweep(call), close: () => executor.close() };
  } catch (error) {
    await executor.close();
    throw error;
  }
}

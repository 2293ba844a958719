import { execFile } from "node:child_process";
import { chmodSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type PostgresStage, hasPostgres, startPostgres } from "../../test/stages/postgres.ts";
import type { Bench } from "./bench.ts";

const run = promisify(execFile);

const PACKAGE = "@dbos-inc/dbos-sdk";
const VERSION = "5.3.0";
const INSTALL_LIMIT_MS = 120_000;

/** DBOS Transact with a PostgreSQL of its own on the same disk. */
export interface DbosPeer {
  /** The file that the package is entered by. */
  readonly entry: string;
  /** For the report. */
  readonly versions: readonly string[];
  /** The URL of an empty database. */
  newDatabase(): Promise<string>;
  close(): Promise<void>;
}

/** Installs DBOS and starts a PostgreSQL as it comes, or says why it is not measured. */
export async function openDbos({ options, workspace, onProgress }: Bench): Promise<DbosPeer | string> {
  if (!options.dbos) return "DBOS Transact: left out by --without-dbos.";
  if (!hasPostgres) return "DBOS Transact: there is no PostgreSQL on this machine.";
  onProgress(`DBOS: installing ${PACKAGE} ${VERSION}, starting PostgreSQL`);
  const folder = workspace.fresh("dbos");
  try {
    // With the user's own settings of npm: its registry may be another one.
    const args = ["install", "--prefix", folder, "--no-audit", "--no-fund", `${PACKAGE}@${VERSION}`];
    await run("npm", args, { timeout: INSTALL_LIMIT_MS });
  } catch (error) {
    return `DBOS Transact: ${PACKAGE} ${VERSION} could not be installed (${firstLine(error)}).`;
  }
  const root = join(folder, "node_modules", PACKAGE);
  const { main } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly main: string };
  // The server runs under an account of its own, which has to get to its folder.
  chmodSync(workspace.folder, 0o711);
  let server: PostgresStage;
  try {
    server = await startPostgres([], workspace.folder);
  } catch (error) {
    return `DBOS Transact: PostgreSQL did not start (${firstLine(error)}).`;
  }
  const [settings] = await server.sql(
    "SELECT current_setting('server_version') AS version, current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit",
  );
  const { version, fsync, commit } = settings as { version: string; fsync: string; commit: string };
  return {
    entry: join(root, main),
    versions: [
      `DBOS Transact ${VERSION} with its defaults`,
      `PostgreSQL ${version} with its defaults: fsync ${fsync}, synchronous_commit ${commit}`,
    ],
    newDatabase: async () => server.url(await server.newDatabase()),
    close: () => server.close(),
  };
}

function firstLine(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return (stderr?.trim() || message).split("\n")[0] ?? "";
}

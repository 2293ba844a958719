import { execFile, execFileSync } from "node:child_process";
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { freePort } from "./free-port.ts";

const run = promisify(execFile);

const DEBIAN = "/usr/lib/postgresql";

/** Where the programs of a PostgreSQL server are on this machine. */
const programs = findPrograms();

/** Whether tests can start a real PostgreSQL. */
export const hasPostgres = programs !== undefined;

/** The only user (to be made) whose password matters. */
export const USER_WITH_PASSWORD = "guarded";

/** A throw-away PostgreSQL, listening on 127.0.0.1, with a database for each test that wants one. */
export interface PostgresStage {
  readonly port: number;
  /** The URL of the superuser, for a database. */
  url(database?: string): string;
  /** Makes an empty database; its name. */
  newDatabase(): Promise<string>;
  /** As if the machine had lost power (the server's process, not its disk). */
  crash(): Promise<void>;
  start(): Promise<void>;
  /** Runs a statement as the superuser. */
  sql(statement: string, database?: string): Promise<readonly Record<string, unknown>[]>;
  /** Stops the server and removes everything. */
  close(): Promise<void>;
}

/** Makes a cluster in a fresh folder below `parent` and starts it. `settings` go into its configuration. */
export async function startPostgres(
  settings: readonly string[] = [],
  parent: string = tmpdir(),
): Promise<PostgresStage> {
  if (programs === undefined) throw new Error("there is no PostgreSQL on this machine");
  const folder = mkdtempSync(join(parent, "spotproof-postgres-"));
  const data = join(folder, "data");
  const port = await freePort();
  const account = serverAccount();
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const serve = (program: string, ...args: string[]): Promise<unknown> =>
    run(join(programs, program), args, { ...account, cwd: folder });
  const options = [
    `-p ${port}`,
    "-h 127.0.0.1",
    `-k ${folder}`,
    ...settings.map((setting) => `-c ${setting}`),
  ];
  const url = (database = "postgres"): string => `postgres://spot@127.0.0.1:${port}/${database}`;
  let databases = 0;
  const stage: PostgresStage = {
    port,
    url,
    async newDatabase() {
      databases += 1;
      await stage.sql(`CREATE DATABASE test_${databases}`);
      return `test_${databases}`;
    },
    crash: async () => void (await serve("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")),
    start: async () =>
      void (await serve(
        "pg_ctl",
        "-D",
        data,
        "-w",
        "-l",
        join(folder, "log"),
        "-o",
        options.join(" "),
        "start",
      )),
    async sql(statement, database) {
      const client = new pg.Client({ connectionString: url(database) });
      await client.connect();
      try {
        const { rows } = await client.query<Record<string, unknown>>(statement);
        return rows;
      } finally {
        await client.end();
      }
    },
    async close() {
      await serve("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop").catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await serve(
      "initdb",
      "-D",
      data,
      "-U",
      "spot",
      "-A",
      "trust",
      "--no-sync",
      "-E",
      "UTF8",
      "--locale=C.UTF-8",
    );
    const admission = join(data, "pg_hba.conf");
    writeFileSync(
      admission,
      `host all ${USER_WITH_PASSWORD} 127.0.0.1/32 scram-sha-256\n${readFileSync(admission, "utf8")}`,
    );
    await stage.start();
  } catch (error) {
    await stage.close();
    throw error;
  }
  return stage;
}

function findPrograms(): string | undefined {
  const installed = existsSync(DEBIAN)
    ? readdirSync(DEBIAN).map((version) => join(DEBIAN, version, "bin"))
    : [];
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...installed.sort().reverse()];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "pg_ctl")));
}

/** A server refuses to run as root: then the one of the package, or "nobody". */
function serverAccount(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (option: string, name: string): number =>
    Number(execFileSync("id", [option, name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  try {
    return { uid: id("-u", "postgres"), gid: id("-g", "postgres") };
  } catch {
    // This PostgreSQL did not come as a Debian package.
    return { uid: id("-u", "nobody"), gid: id("-g", "nobody") };
  }
}

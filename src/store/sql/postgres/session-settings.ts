// What every session asks of the server. By a statement and not when connecting: poolers in between refuse unknown
// parameters there. A setting that the server does not know, or that the user may not change, is left out.

/** A statement runs or waits no longer; the upload of its bytes counts as well. */
const STATEMENT_MS = 60_000;
/** Nobody waits longer for another's lock. */
const LOCK_MS = 10_000;
/** A transaction whose client says nothing more is ended, before those give up that wait for it. Only migrations have such. */
const IDLE_TRANSACTION_MS = 5_000;

const SETTINGS: Readonly<Record<string, string | number>> = {
  statement_timeout: STATEMENT_MS,
  lock_timeout: LOCK_MS,
  idle_in_transaction_session_timeout: IDLE_TRANSACTION_MS,
  // Racing creators must wait for one another, not fail with 40001.
  default_transaction_isolation: "read committed",
  bytea_output: "hex",
  // How the server notices that a machine has vanished: after two hours by default.
  tcp_keepalives_idle: 20,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
  tcp_user_timeout: 30_000,
};

const rows = Object.entries(SETTINGS).map(([name, value]) => `('${name}', '${value}')`);

/** One statement that sets them all. */
export const SESSION_SETTINGS = `SELECT set_config(wanted.name, wanted.value, false)
  FROM (
    SELECT * FROM (VALUES ${rows.join(", ")}) AS given(name, value)
    -- Only where it is off a commit may be answered before it is durable; the other values are at least as good.
    UNION ALL SELECT 'synchronous_commit', 'on' WHERE current_setting('synchronous_commit') = 'off'
    -- The server stops working for a client that is gone; Windows cannot tell.
    UNION ALL SELECT 'client_connection_check_interval', '2000'
      WHERE version() !~* 'windows|mingw|visual c|msvc'
  ) AS wanted
  JOIN pg_catalog.pg_settings known ON known.name = wanted.name AND known.context = 'user'`;

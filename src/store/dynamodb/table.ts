import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { type Clock, SpotproofError } from "../../base/index.ts";
import type { TableClient } from "./table-client.ts";

const LOOK_EVERY_MS = 1_000;
/** AWS names no limit; a new table takes some ten seconds. */
const CREATION_LIMIT_MS = 120_000;
/** Below it a pack of 16 MiB takes longer than a call of the store may. */
const SLOW_WRITE_UNITS = 500;

/** How the table is made ready. */
export interface PrepareTableOptions {
  readonly client: TableClient;
  readonly table: string;
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly createTable: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/**
 * Looks at the table, creates it where that was asked for and waits until it can be used. Gives a sentence for people when
 * something about it weakens a promise.
 * @throws SpotproofError `store-unreachable`, `store-unsuitable`, or what the client throws
 */
export async function prepareTable(options: PrepareTableOptions): Promise<string | undefined> {
  const { client, createTable, signal } = options;
  let description = await client.describe(signal);
  if (description === undefined) {
    if (!createTable) throw absent(options);
    await client.createTable(signal);
  }
  if (description === undefined || description.TableStatus === "CREATING") {
    description = await waitUntilUsable(options);
  }
  requireUsable(client.place, description);
  return cautionOf(client.place, description);
}

async function waitUntilUsable({ client, clock, signal }: PrepareTableOptions): Promise<TableDescription> {
  const untilMs = clock.now() + CREATION_LIMIT_MS;
  for (;;) {
    const description = await client.describe(signal);
    // Right after its creation a table may not be known everywhere yet.
    if (description !== undefined && description.TableStatus !== "CREATING") return description;
    if (clock.now() + LOOK_EVERY_MS > untilMs) {
      throw new SpotproofError(
        "store-unreachable",
        `${client.place} is still being created after ${CREATION_LIMIT_MS / 1000} s.`,
      );
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
    signal?.throwIfAborted();
  }
}

function requireUsable(place: string, description: TableDescription): void {
  const keys = (description.KeySchema ?? []).map(({ AttributeName = "", KeyType = "" }) => {
    const type = description.AttributeDefinitions?.find((each) => each.AttributeName === AttributeName);
    return `${AttributeName} (${type?.AttributeType ?? "?"}, ${KeyType})`;
  });
  const needed = ["pk (S, HASH)", "sk (S, RANGE)"];
  if (keys.length !== needed.length || !needed.every((key) => keys.includes(key))) {
    throw new SpotproofError(
      "store-unsuitable",
      `${place} has the keys ${keys.join(" and ")}; a store needs ${needed.join(" and ")}. Use a table of its own.`,
    );
  }
  // Tables that are strongly consistent over regions know no transactions.
  if (description.MultiRegionConsistency === "STRONG") {
    throw new SpotproofError(
      "store-unsuitable",
      `${place} is a global table with multi-region strong consistency, which knows no transactions. Use a table of one region.`,
    );
  }
  const { TableStatus: status = "" } = description;
  if (status !== "ACTIVE" && status !== "UPDATING")
    throw new SpotproofError("store-unreachable", `${place} cannot be used at present: it is ${status}.`);
}

function cautionOf(place: string, description: TableDescription): string | undefined {
  const replicas = (description.Replicas ?? []).map(({ RegionName = "?" }) => RegionName);
  if (replicas.length > 0) {
    return `${place} is a global table (${replicas.join(", ")}): machines in two regions could own one job. Use one region only.`;
  }
  const units = description.ProvisionedThroughput?.WriteCapacityUnits ?? 0;
  const isProvisioned = description.BillingModeSummary?.BillingMode !== "PAY_PER_REQUEST" && units > 0;
  if (isProvisioned && units < SLOW_WRITE_UNITS) {
    return `${place} takes ${units} KB a second once its reserve is used up. Larger checkpoints need on-demand capacity.`;
  }
  return undefined;
}

function absent({ client, table, region, endpoint }: PrepareTableOptions): SpotproofError {
  const command = [
    `aws dynamodb create-table --table-name ${table}`,
    "--attribute-definitions AttributeName=pk,AttributeType=S AttributeName=sk,AttributeType=S",
    "--key-schema AttributeName=pk,KeyType=HASH AttributeName=sk,KeyType=RANGE",
    "--billing-mode PAY_PER_REQUEST",
    ...(region === undefined ? [] : [`--region ${region}`]),
    ...(endpoint === undefined ? [] : [`--endpoint-url ${endpoint}`]),
  ].join(" ");
  const where = region === undefined ? "in the region that is set" : `in ${region}`;
  return new SpotproofError(
    "store-unreachable",
    `There is no ${client.place} ${where}. Create it with \`${command}\`, or add create-table=true to the store's URL.`,
  );
}

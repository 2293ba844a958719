import type { StoreKey } from "../store.ts";
import { type Head, type Places, readHead } from "./items.ts";
import type { Repeater } from "./repeat.ts";
import type { TableClient } from "./table-client.ts";

/** What a call of the store works with. */
export interface CallTools {
  readonly client: TableClient;
  readonly places: Places;
  readonly repeater: Repeater;
  readonly signal: AbortSignal | undefined;
}

/** What is stored under a key. */
export async function findHead(tools: CallTools, key: StoreKey): Promise<Head | undefined> {
  const { client, places, repeater, signal } = tools;
  const item = await repeater.run(() => client.get(places.head(key), signal));
  return item === undefined ? undefined : readHead(item, `${client.place}: ${key}`);
}

import type { StoredObject } from "../store.ts";
import { LONGEST_KEY, readListed } from "./items.ts";
import type { Item } from "./table-client.ts";
import type { CallTools } from "./heads.ts";

// DynamoDB sorts by the bytes of the keys, as the store does. All of a key's characters lie between "!" and "~".
const BEFORE_ALL = "!";
const AFTER_ALL = "~";
/** The character after "/": with it begins what comes after a folder. */
const AFTER_SLASH = "0";

/** Folders with a few objects are passed many at once, and one with thousands costs one request. */
const FIRST_LOOK = 32;
const LONGEST_LOOK = 4096;

/** Where a page begins: behind `after`, if that is given. */
interface Start {
  readonly from: string;
  readonly after?: string | undefined;
}

/** @see Store.list */
export async function listObjects(tools: CallTools, prefix: string): Promise<readonly StoredObject[]> {
  const { client } = tools;
  const found: StoredObject[] = [];
  if (prefix.length >= LONGEST_KEY) return found;
  let after: string | undefined;
  do {
    const page = await look(tools, prefix, { from: prefix + BEFORE_ALL, after });
    for (const item of page.items) found.push(readListed(item, client.place));
    after = page.reached;
  } while (after !== undefined);
  return found;
}

/** @see Store.listFolders */
export async function listFoldersBelow(tools: CallTools, prefix: string): Promise<readonly string[]> {
  const folders = new Set<string>();
  let limit = FIRST_LOOK;
  let start: Start | undefined = prefix.length < LONGEST_KEY ? { from: prefix + BEFORE_ALL } : undefined;
  while (start !== undefined) {
    const page = await look(tools, prefix, start, limit);
    const before = folders.size;
    for (const item of page.items) {
      const folder = folderOf(item["sk"]?.S ?? "", prefix);
      if (folder !== undefined) folders.add(folder);
    }
    start = nextStart(prefix, start, page.reached);
    limit = folders.size > before ? FIRST_LOOK : Math.min(LONGEST_LOOK, limit * 2);
  }
  return [...folders].sort();
}

/** The rest of a folder that has begun has nothing new. Objects beside the folders cannot be passed over. */
function nextStart(prefix: string, { from }: Start, reached: string | undefined): Start | undefined {
  if (reached === undefined) return undefined;
  const inside = folderOf(reached, prefix);
  return inside === undefined ? { from, after: reached } : { from: prefix + inside + AFTER_SLASH };
}

function folderOf(key: string, prefix: string): string | undefined {
  const end = key.indexOf("/", prefix.length);
  return end < 0 ? undefined : key.slice(prefix.length, end);
}

function look(
  { client, places, repeater, signal }: CallTools,
  prefix: string,
  start: Start,
  limit?: number,
): Promise<{ readonly items: readonly Item[]; readonly reached: string | undefined }> {
  const range = { pk: places.objects, ...start, to: prefix + AFTER_ALL, attributes: "sk, sizeBytes", limit };
  return repeater.run(() => client.query(range, signal));
}

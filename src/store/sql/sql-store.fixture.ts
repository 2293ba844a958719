// A process of its own for the tests: <URL of the store> race <keys> | create <key> <size> | fill | look
import { SpotproofError } from "../../base/index.ts";
import type { OpenedStore } from "../opened-store.ts";
import { openPostgresStore, openSqliteStore, parsePostgresLocation, parseSqliteLocation } from "./index.ts";

const [place = "", action = "", word = "", size = ""] = process.argv.slice(2);
const say = (answer: string): boolean => process.stdout.write(`${answer}\n`);

async function open(mode: "read" | "write" = "write"): Promise<OpenedStore> {
  const workingFolder = process.cwd();
  if (place.startsWith("sqlite:")) {
    return openSqliteStore({
      location: parseSqliteLocation(place, workingFolder),
      mode,
      workingFolder,
    });
  }
  return openPostgresStore({ location: parsePostgresLocation(place), mode, workingFolder });
}

/** Creates as many keys as it can before others do. */
async function race(keys: number): Promise<void> {
  const opened = await open();
  const { store } = opened;
  const won: string[] = [];
  for (let i = 0; i < keys; i += 1) {
    const key = `races/${i % 7}/${i}`;
    // Every third object is so large that it lies in parts.
    const content = Buffer.alloc(i % 3 === 0 ? 100_000 : 20, `${process.pid},`);
    if ((await store.create(key, [content])) === "exists") continue;
    if ((await store.read(key))?.equals(content) === true) won.push(key);
  }
  say(JSON.stringify(won));
  await opened.close();
}

/** Creates one object and tells when it begins. */
async function create(): Promise<void> {
  const opened = await open();
  const { store } = opened;
  const content = Buffer.alloc(Number(size), word);
  say("begins");
  say(await store.create(word, [content]));
  await opened.close();
}

/** Writes more than the disk holds. */
async function fill(): Promise<void> {
  const opened = await open();
  const { store } = opened;
  const good = Buffer.alloc(300_000, "g");
  await store.create("a/good", [good]);
  const refused = await store.create("a/big", [Buffer.alloc(20_000_000)]).catch((error: unknown) => error);
  await store.remove("a/good");
  await store.create("a/good", [good]);
  say(
    JSON.stringify({
      code: refused instanceof SpotproofError ? refused.code : String(refused),
      unharmed: (await store.read("a/good"))?.equals(good),
      absent: (await store.read("a/big")) === undefined,
      listed: (await store.list("")).map(({ key }) => key),
      afterwards: await store.create("a/small", [Buffer.alloc(100_000)]),
    }),
  );
  await opened.close();
}

/** Lists the store as somebody who creates nothing. */
async function look(): Promise<void> {
  const opened = await open("read");
  for (const { key } of await opened.store.list("")) say(key);
  await opened.close();
}

const actions: Readonly<Record<string, () => Promise<void>>> = {
  race: () => race(Number(word)),
  create,
  fill,
  look,
};
await actions[action]?.();

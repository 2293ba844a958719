// A process of its own for file-store.test.ts: <folder> open | race <keys> | write <keys> | read <key> | fill
import fs from "node:fs/promises";
import { join } from "node:path";
import { SpotproofError } from "../../base/index.ts";
import { openFileStore } from "./file-store.ts";

const [folder = "", action = "", word = ""] = process.argv.slice(2);
const say = (answer: string): boolean => process.stdout.write(answer);

async function race(keys: number): Promise<readonly string[]> {
  const store = await openFileStore(folder);
  const won: string[] = [];
  for (let i = 0; i < keys; i += 1) {
    const key = `races/${i % 7}/${i}`;
    if ((await store.create(key, [Buffer.from(`${process.pid}`)])) === "exists") continue;
    if ((await store.read(key))?.toString() === `${process.pid}`) won.push(key);
  }
  return won;
}

async function fill(): Promise<unknown> {
  const store = await openFileStore(folder);
  const good = Buffer.alloc(300_000, "g");
  await store.create("a/good", [good]);
  const refused = await store.create("a/big", [Buffer.alloc(2_000_000)]).catch((error: unknown) => error);
  return {
    code: refused instanceof SpotproofError ? refused.code : String(refused),
    unharmed: (await store.read("a/good"))?.equals(good),
    absent: (await store.read("a/big")) === undefined,
    temporaryFiles: (await fs.readdir(join(folder, "tmp"))).length,
    afterwards: await store.create("a/small", [Buffer.alloc(100_000)]),
  };
}

async function act(): Promise<void> {
  if (action === "open") await openFileStore(folder);
  else if (action === "race" || action === "write") say(JSON.stringify(await race(Number(word))));
  else if (action === "read")
    say((await (await openFileStore(folder, { mode: "read" })).read(word))?.toString() ?? "");
  else say(JSON.stringify(await fill()));
}

await act().catch((error: unknown) => {
  if (!(error instanceof SpotproofError)) throw error;
  say(error.message);
  process.exitCode = 1;
});

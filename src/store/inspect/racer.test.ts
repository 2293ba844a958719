import { PassThrough } from "node:stream";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { SpotproofError } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { Store } from "../store.ts";
import { changed } from "./bad-stores.fixture.ts";
import type { Racer } from "./place.ts";
import { localRacer, remoteRacer, serveRacer } from "./racer.ts";

/** A racer at the other end of real pipes, within this process. */
async function remote(store: Store): Promise<Racer> {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const serving = serveRacer(
    localRacer("far", store),
    createInterface({ input: there }),
    (line) => void back.write(`${line}\n`),
  );
  const answers = createInterface({ input: back })[Symbol.asyncIterator]();
  return remoteRacer("far", {
    send: (line) => void there.write(`${line}\n`),
    receive: async () => String((await answers.next()).value),
    close: async () => {
      there.end();
      await serving;
    },
  });
}

test("a racer in another process creates, is told what happened, and looks", async () => {
  const store = createMemoryStore();
  await store.create("b", [Buffer.from("taken")]);
  const racer = await remote(store);
  await racer.prepare(["a", "b"]);
  expect(await store.read("a")).toBeUndefined();
  expect(await racer.go()).toEqual(["created", "exists"]);
  expect(await racer.look(["a", "b", "c"])).toEqual(["far", "taken", null]);
  await racer.close();
});

test("a create that fails is an answer, not the end of the racer", async () => {
  const error = new SpotproofError("store-unreachable", "reset");
  const store = changed(createMemoryStore(), { create: () => Promise.reject(error) });
  const racer = await remote(store);
  await racer.prepare(["a"]);
  expect(await racer.go()).toEqual([{ failed: expect.stringMatching(/reset/) as string }]);
  expect(await racer.look(["a"])).toEqual([null]);
  await racer.close();
});

test("a look that fails says why", async () => {
  const store = changed(createMemoryStore(), { read: () => Promise.reject(new Error("no route")) });
  const racer = await remote(store);
  await expect(racer.look(["a"])).rejects.toThrow("no route");
  await racer.close();
});

import { expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { CallOptions, Store } from "../store.ts";
import { describeStoreContract } from "../store.contract.ts";
import { systemClock } from "../../base/index.ts";
import { limitCalls } from "./limit-calls.ts";

describeStoreContract({
  name: "a memory store with limited calls",
  open: () => Promise.resolve(limitCalls(createMemoryStore(), systemClock, 60_000)),
});

/** Never answers, but lets go when told to. */
function hangingStore(): Store {
  const hang = (options?: CallOptions): Promise<never> =>
    new Promise((_resolve, reject) => {
      options?.signal?.addEventListener("abort", () => reject(options.signal?.reason as Error));
    });
  return {
    description: "folder /mnt/away",
    create: (_key, _bytes, options) => hang(options),
    replace: (_key, _bytes, options) => hang(options),
    read: (_key, options) => hang(options),
    list: (_prefix, options) => hang(options),
    listFolders: (_prefix, options) => hang(options),
    remove: (_key, options) => hang(options),
  };
}

test("E2: a call that a store never answers is given up after the limit, and says which", async () => {
  const clock = manualClock();
  const call = limitCalls(hangingStore(), clock, 60_000).read("jobs/a/job.json");
  const refused = expect(call).rejects.toMatchObject({
    code: "store-unreachable",
    message: expect.stringMatching(/folder \/mnt\/away.*read jobs\/a\/job\.json.*60 s/) as string,
  });
  clock.advance(60_000);
  await refused;
});

test("a call that moves much may take longer: as long again for each 16 MiB", async () => {
  const clock = manualClock();
  const pack = [Buffer.alloc(32 * 1024 * 1024)];
  const call = limitCalls(hangingStore(), clock, 60_000).create("jobs/j/packs/1", pack);
  const refused = expect(call).rejects.toMatchObject({ message: expect.stringContaining("180 s") as string });
  clock.advance(179_999);
  expect(clock.pending).toBe(1);
  clock.advance(1);
  await refused;
});

test("the caller's own signal still ends a call at once", async () => {
  const abort = new AbortController();
  const call = limitCalls(hangingStore(), manualClock(), 60_000).read("k", { signal: abort.signal });
  abort.abort(new Error("enough"));
  await expect(call).rejects.toThrow("enough");
});

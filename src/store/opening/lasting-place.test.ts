import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { requireLastingPlace } from "./lasting-place.ts";

const memory = { kind: "folder", folder: "/dev/shm/spotproof-not-made" } as const;
const strict = { allowVolatileStore: false, environment: {} };

// Only Linux tells where a folder lies.
describe.skipIf(!existsSync("/dev/shm") || !existsSync("/proc/self/mountinfo"))(
  "L01: a store in memory",
  () => {
    test("is refused in the words of the command line, unless the caller has other ones", async () => {
      await expect(requireLastingPlace(memory, strict)).rejects.toMatchObject({
        code: "store-volatile",
        detail: expect.stringMatching(/^The store \/dev\/shm\/spotproof-not-made lies [^.]*\.$/),
      });
      const howToAllow = "To try it all the same: allowVolatileStore: true.";
      await expect(requireLastingPlace(memory, { ...strict, howToAllow })).rejects.toThrow(
        `. ${howToAllow} [store-volatile]`,
      );
    });

    test("may be used when that is allowed, with a word about it", async () => {
      const asked = { ...strict, allowVolatileStore: true };
      const told = { ...strict, environment: { SPOTPROOF_ALLOW_VOLATILE_STORE: "1" } };
      for (const allowed of [asked, told])
        expect((await requireLastingPlace(memory, allowed)).advice).toMatch(/not for a job/);
    });
  },
);

test("a store that is not in a file system of this machine is nobody's business here", async () => {
  const location = { kind: "s3", url: "s3://bucket", workingFolder: "/work" } as const;
  expect(await requireLastingPlace(location, strict)).toEqual({ words: undefined, advice: undefined });
});

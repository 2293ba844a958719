import { describe, expect, test } from "vitest";
import { SpotproofError } from "../../base/index.ts";
import { createMemoryStore } from "../memory/memory-store.ts";
import type { OpenedStore } from "../opened-store.ts";
import { openJobStore, openStore } from "./open-store.ts";
import { type OpenHow, STORE_DOORS, type StoreDoors } from "./store-doors.ts";
import { parseStoreLocation } from "./store-location.ts";

const s3 = parseStoreLocation("s3://bucket/prefix", "/work", "--store");

/** Doors of which that of S3 fails so often, and then opens a memory store. */
function doors(failures: number, code: "store-unreachable" | "store-not-writable" = "store-unreachable") {
  const seen: { calls: number; closed: number; how: OpenHow | undefined; warning: string | undefined } = {
    calls: 0,
    closed: 0,
    how: undefined,
    warning: undefined,
  };
  const open = (_location: unknown, how: OpenHow): Promise<OpenedStore> => {
    seen.calls += 1;
    seen.how = how;
    seen.warning = process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"];
    if (seen.calls <= failures) return Promise.reject(new SpotproofError(code, "Not now."));
    return Promise.resolve({
      store: createMemoryStore(),
      caution: "It is far away.",
      sweep: () => Promise.resolve(0),
      close: () => {
        seen.closed += 1;
        return Promise.resolve();
      },
    });
  };
  const all: StoreDoors = { ...STORE_DOORS, s3: open };
  return { seen, all };
}

describe("a store that is reached over a network", () => {
  test("C06: is tried again while it is opened", async () => {
    const { seen, all } = doors(2);
    const opened = await openStore(s3, "read", undefined, { doors: all });
    expect(seen.calls).toBe(3);
    expect(seen.how).toMatchObject({ mode: "read", maxConnections: undefined });
    expect(opened.caution).toBe("It is far away.");
    await opened.close();
    expect(seen.closed).toBe(1);
  });

  test("is not tried again when that cannot help", async () => {
    const { seen, all } = doors(9, "store-not-writable");
    await expect(openStore(s3, "read", undefined, { doors: all })).rejects.toMatchObject({
      code: "store-not-writable",
    });
    expect(seen.calls).toBe(1);
  });

  test("may be left while it is opened", async () => {
    const { all } = doors(Number.POSITIVE_INFINITY);
    const leave = new AbortController();
    const opening = openJobStore(s3, { signal: leave.signal, doors: all });
    leave.abort(new Error("the notice"));
    await expect(opening).rejects.toThrow("the notice");
  });

  test("the AWS SDK is silenced while its client is made, and the job's environment stays as it was", async () => {
    const { seen, all } = doors(0);
    const opened = await openJobStore(s3, {
      signal: new AbortController().signal,
      limits: { connections: 3 },
      doors: all,
    });
    expect(seen.warning).toBe("true");
    expect(seen.how).toMatchObject({ mode: "write", maxConnections: 3 });
    expect(process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"]).toBeUndefined();
    expect(opened.disturbedBy).toBeUndefined();
    const waiting = opened.waiting(
      () => 0,
      () => undefined,
    );
    await waiting.store.create("a", [Buffer.from("x")]);
    expect((await opened.store.read("a"))?.toString()).toBe("x");
  });
});

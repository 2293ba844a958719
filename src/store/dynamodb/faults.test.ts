import { describe, expect, test } from "vitest";
import type { DynamoDbProxy, Fault, SeenRequest } from "../../../test/stages/dynamodb-proxy.ts";
import { dynamoDbStage } from "../../../test/stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { PART_BYTES } from "./items.ts";

const HOUR_MS = 3_600_000;
const LARGE = Buffer.alloc(2 * PART_BYTES + 5, "large");
const SMALL = Buffer.from("small");
const THROTTLED: Fault = { kind: "refuse", status: 400, type: "ProvisionedThroughputExceededException" };

const isPart = ({ body }: SeenRequest): boolean => body.includes("#part#");

/** Does `fault` to the first `times` requests for which `which` holds; tells how often it did. */
function faultOn(
  proxy: DynamoDbProxy,
  times: number,
  which: (seen: SeenRequest) => boolean,
  fault: Fault,
): () => number {
  let done = 0;
  proxy.fault = (seen) => {
    if (done >= times || !which(seen)) return undefined;
    done += 1;
    return fault;
  };
  return () => done;
}

const absentName = motoMissing === undefined ? "" : ` (${motoMissing})`;

describe.skipIf(motoMissing !== undefined)(`a table that throttles${absentName}`, () => {
  const moto = useMoto();

  test.each(["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"])(
    "C06: %s while parts are written repeats those requests and no others",
    async (type) => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      const refused = faultOn(stage.proxy, 7, isPart, { kind: "refuse", status: 400, type });
      const before = stage.proxy.operations.length;
      expect(await store.create("p", [LARGE])).toBe("created");
      expect(refused()).toBe(7);
      // A look at the head, the record, three parts, the transaction.
      expect(stage.proxy.operations.length - before).toBe(6 + 7);
      expect((await store.read("p"))?.equals(LARGE)).toBe(true);
    },
  );

  test("C06: that never stops fails the write after some time; its parts go at once and its record with a sweep", async () => {
    const stage = await dynamoDbStage(moto);
    const { store, ...opened } = await stage.open();
    faultOn(
      stage.proxy,
      Number.POSITIVE_INFINITY,
      (seen) => seen.operation === "PutItem" && /#part#\w+#2"/.test(seen.body),
      THROTTLED,
    );
    const failing = store.create("p", [LARGE]);
    await expect(failing).rejects.toMatchObject({ code: "store-unreachable" });
    await expect(failing).rejects.toThrow(
      "takes no more at present (ProvisionedThroughputExceededException)",
    );
    expect(await stage.uploads()).toEqual({ parts: 0, records: 1 });
    stage.proxy.dateOffsetMs = 25 * HOUR_MS;
    expect(await opened.sweep()).toBe(1);
    expect(await stage.uploads()).toEqual({ parts: 0, records: 0 });
  });

  test("a call that is one request is not repeated here: whoever called decides", async () => {
    const stage = await dynamoDbStage(moto);
    const { store } = await stage.open();
    for (const call of [() => store.create("s", [SMALL]), () => store.replace("s", [SMALL])]) {
      const refused = faultOn(stage.proxy, 1, () => true, THROTTLED);
      const before = stage.proxy.operations.length;
      await expect(call()).rejects.toMatchObject({ code: "store-unreachable" });
      expect([refused(), stage.proxy.operations.length - before]).toEqual([1, 1]);
    }
    expect(await store.read("s")).toBeUndefined();
  });

  test("reads, listings, removals and sweeps go on where they were", async () => {
    const stage = await dynamoDbStage(moto);
    const { store, ...opened } = await stage.open();
    await store.create("f/p", [LARGE]);
    const everyOther = (seen: SeenRequest): boolean => seen.number % 2 === 0;
    faultOn(stage.proxy, 100, everyOther, THROTTLED);
    expect((await store.read("f/p"))?.equals(LARGE)).toBe(true);
    expect(await store.list("f/")).toEqual([{ key: "f/p", sizeBytes: LARGE.length }]);
    expect(await store.listFolders("")).toEqual(["f"]);
    expect(await opened.sweep()).toBe(0);
    await store.remove("f/p").catch(() => store.remove("f/p"));
    stage.proxy.fault = () => undefined;
    expect(await stage.uploads()).toEqual({ parts: 0, records: 0 });
  });

  test("a signal ends the wait between two tries", async () => {
    const stage = await dynamoDbStage(moto);
    let sleeping: (() => void) | undefined;
    const asleep = new Promise<void>((resolve) => {
      sleeping = resolve;
    });
    const { store } = await stage.open();
    const stuck = await stage.open({
      clock: {
        now: () => 0,
        wallTime: () => 0,
        after: () => ({ cancel: () => undefined }),
        sleep: (_, signal) =>
          new Promise((resolve) => {
            signal?.addEventListener("abort", () => resolve(), { once: true });
            sleeping?.();
          }),
      },
    });
    faultOn(stage.proxy, 1, isPart, THROTTLED);
    const controller = new AbortController();
    const reason = new Error("enough");
    const writing = stuck.store.create("p", [LARGE], { signal: controller.signal });
    const ended = expect(writing).rejects.toBe(reason);
    await asleep;
    controller.abort(reason);
    await ended;
    expect(await store.read("p")).toBeUndefined();
  });
});

describe.skipIf(motoMissing !== undefined)(`an answer that is lost${absentName}`, () => {
  const moto = useMoto();
  const ways = ["reset", "500", "torn"] as const;

  test.each(ways)(
    "S4: by %s, to the write of a small object, is never told as success or as exists",
    async (by) => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      faultOn(stage.proxy, 1, ({ operation }) => operation === "PutItem", { kind: "lose-answer", by });
      await expect(store.create("s", [SMALL])).rejects.toMatchObject({ code: "store-unreachable" });
      // The repetition finds its own object, which the caller knows by its bytes.
      expect(await store.create("s", [SMALL])).toBe("exists");
      expect((await store.read("s"))?.equals(SMALL)).toBe(true);
    },
  );

  test.each(ways)(
    "S4: by %s, to the last step of a large object, is found out: created, whole, once",
    async (by) => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      const isLast = ({ operation }: SeenRequest): boolean => operation === "TransactWriteItems";
      faultOn(stage.proxy, 1, isLast, { kind: "lose-answer", by });
      expect(await store.create("p", [LARGE])).toBe("created");
      faultOn(stage.proxy, 1, isLast, { kind: "lose-answer", by });
      await store.replace("p", [Buffer.alloc(LARGE.length, "2")]);
      expect((await store.read("p"))?.equals(Buffer.alloc(LARGE.length, "2"))).toBe(true);
      expect((await stage.uploads()).parts).toBe(3);
      faultOn(stage.proxy, 1, isLast, { kind: "lose-answer", by });
      await store.remove("p");
      expect(await store.read("p")).toBeUndefined();
    },
  );

  test("S4: to the last step and to all that follows: unreachable, and the object is there", async () => {
    const stage = await dynamoDbStage(moto);
    const { store } = await stage.open();
    faultOn(stage.proxy, 3, ({ operation }) => operation === "TransactWriteItems", {
      kind: "lose-answer",
      by: "reset",
    });
    await expect(store.create("p", [LARGE])).rejects.toMatchObject({ code: "store-unreachable" });
    expect((await store.read("p"))?.equals(LARGE)).toBe(true);
    expect(await store.create("p", [LARGE])).toBe("exists");
    expect(await stage.uploads()).toEqual({ parts: 3, records: 0 });
  });

  test("E2: that never comes is given up after the limit", async () => {
    const stage = await dynamoDbStage(moto);
    const { store } = await stage.open({ requestLimitMs: 200 });
    faultOn(stage.proxy, 1, () => true, { kind: "hang" });
    await expect(store.create("s", [SMALL])).rejects.toMatchObject({ code: "store-unreachable" });
  });

  const cancelled = (code: string): Fault => ({
    kind: "refuse",
    status: 400,
    type: "TransactionCanceledException",
    more: { CancellationReasons: [{ Code: code }, { Code: "None" }] },
  });
  const isTransaction = ({ operation }: SeenRequest): boolean => operation === "TransactWriteItems";

  test.each(["TransactionConflict", "ProvisionedThroughputExceeded", "ThrottlingError"])(
    "a transaction that is cancelled by a %s is sent again",
    async (code) => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      const conflicts = faultOn(stage.proxy, 2, isTransaction, cancelled(code));
      expect(await store.create("p", [LARGE])).toBe("created");
      expect(conflicts()).toBe(2);
    },
  );

  test.each([
    ["ItemCollectionSizeLimitExceeded", "store-full"],
    ["ValidationError", "internal"],
  ])("a transaction that is cancelled by a %s fails at once: %s", async (code, expected) => {
    const stage = await dynamoDbStage(moto);
    const { store } = await stage.open();
    const cancellations = faultOn(stage.proxy, 2, isTransaction, cancelled(code));
    await expect(store.create("p", [LARGE])).rejects.toMatchObject({ code: expected });
    expect(cancellations()).toBe(1);
  });
});

describe.skipIf(motoMissing !== undefined)(`a refusal${absentName}`, () => {
  const moto = useMoto();

  test.each([
    ["AccessDeniedException", "PutItem", "store-not-writable", "lack the right dynamodb:PutItem"],
    ["AccessDeniedException", "GetItem", "store-unreachable", "lack the right dynamodb:GetItem"],
    ["ExpiredTokenException", "PutItem", "store-unreachable", "credentials have expired"],
    [
      "UnrecognizedClientException",
      "PutItem",
      "store-unreachable",
      "does not know these credentials in this region",
    ],
    ["InvalidSignatureException", "PutItem", "store-unreachable", "this machine's clock is off"],
    ["ResourceNotFoundException", "PutItem", "store-unreachable", "is not there"],
    ["ItemCollectionSizeLimitExceededException", "PutItem", "store-full", "local secondary index"],
    [
      "UnknownOperationException",
      "TransactWriteItems",
      "store-unsuitable",
      "does not know TransactWriteItems",
    ],
    ["SomethingNewException", "PutItem", "store-unreachable", "SomethingNewException, HTTP 400"],
  ])("%s to a %s is %s, and says why", async (type, operation, code, words) => {
    const stage = await dynamoDbStage(moto);
    const { store } = await stage.open();
    faultOn(stage.proxy, 1, (seen) => seen.operation === operation, { kind: "refuse", status: 400, type });
    const calls: Readonly<Record<string, () => Promise<unknown>>> = {
      GetItem: () => store.read("s"),
      PutItem: () => store.create("s", [SMALL]),
      TransactWriteItems: () => store.create("p", [LARGE]),
    };
    const failing = calls[operation]?.();
    await expect(failing).rejects.toMatchObject({ code });
    await expect(failing).rejects.toThrow(words);
    await expect(failing).rejects.not.toThrow("not-a-secret");
  });
});

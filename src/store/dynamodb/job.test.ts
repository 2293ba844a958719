import fs from "node:fs";
import { join } from "node:path";
import { DeleteItemCommand, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { claim } from "../../../test/stages/claim.ts";
import { type DynamoDbStage, dynamoDbStage, stageOptions } from "../../../test/stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { JOB, describeTree, noise, openBench, save } from "../../checkpoint/folder.fixture.ts";
import { readJobHistory } from "../../job/index.ts";
import { PART_BYTES } from "./items.ts";

const MIB = 1024 * 1024;
const COMPLETED = { kind: "completed", reason: "", failuresUsed: 0, checkpointsCommitted: 0 } as const;

/** Does something to the first part of the newest object below `packs/`, as no Spotproof would. */
async function damageNewestPack(
  stage: DynamoDbStage,
  how: "loses a part" | "has a flipped bit",
): Promise<void> {
  const items = await stage.items();
  const heads = items.filter(
    (item) => (item["sk"] as { S: string }).S.includes("/packs/") && "uploadId" in item,
  );
  const newest = heads
    .map((item) => ({ key: (item["sk"] as { S: string }).S, upload: (item["uploadId"] as { S: string }).S }))
    .sort((a, b) => (a.key < b.key ? 1 : -1))[0];
  const pk = `a/b#part#${newest?.upload}#0`;
  const part = items.find((item) => (item["pk"] as { S: string }).S === pk);
  const { credentials } = stageOptions(stage.proxy.url, stage.table);
  const client = new DynamoDBClient({
    endpoint: stage.proxy.url,
    region: "us-east-1",
    ...(credentials && { credentials }),
  });
  const TableName = stage.table;
  if (how === "loses a part") {
    await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: pk }, sk: { S: "part" } } }));
  } else {
    const content = Buffer.from((part as { content: { B: Uint8Array } }).content.B);
    content.writeUInt8(content.readUInt8(PART_BYTES / 2) ^ 4, PART_BYTES / 2);
    await client.send(
      new PutItemCommand({ TableName, Item: { pk: { S: pk }, sk: { S: "part" }, content: { B: content } } }),
    );
  }
  client.destroy();
}

describe.skipIf(motoMissing !== undefined)(
  `a job on DynamoDB${motoMissing ? ` (${motoMissing})` : ""}`,
  () => {
    const moto = useMoto();

    test("K19: of starts at the same time one claims, and whenever it falls silent one of the others takes over", async () => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      const attempts = await Promise.all([claim(store), claim(store), claim(store)]);
      expect(new Set(attempts.map(({ number }) => Number(number)))).toEqual(new Set([1, 2, 3]));
      const last = attempts.find(({ number }) => Number(number) === 3);
      expect(await attempts.find(({ number }) => Number(number) === 1)?.validity()).toBe("fenced-out");
      expect(await last?.end(COMPLETED)).toBe("valid");
      const history = await readJobHistory(store, JOB);
      expect(history?.attempts.map(({ outcome }) => outcome?.kind)).toEqual(["lost", "lost", "completed"]);
    });

    test.each(["loses a part", "has a flipped bit"] as const)(
      "C02: saves, crashes and is restored elsewhere; the checkpoint whose pack %s is skipped, said so, and the one before is whole",
      async (how) => {
        const stage = await dynamoDbStage(moto);
        const [first, second] = [await stage.open(), await stage.open()];
        const bench = openBench(first.store);
        fs.mkdirSync(bench.work);
        fs.writeFileSync(join(bench.work, "weights"), noise(2 * MIB, 1));
        const attempt = await claim(first.store);
        const saver = bench.saver();
        const older = await save(saver, { confirm: () => attempt.validity() });
        const tree = describeTree(bench.work);
        fs.writeFileSync(join(bench.work, "more"), noise(3 * MIB, 2));
        const newest = await save(saver, { confirm: () => attempt.validity() });

        const heir = await claim(second.store);
        expect(heir.lineage).toEqual([newest.id, older.id]);
        await damageNewestPack(stage, how);
        const told: string[] = [];
        const result = await bench.restore(heir.lineage, {
          store: second.store,
          onSkipped: (id, reason) => told.push(`${id}: ${reason}`),
        });
        expect(result.restored.id).toBe(older.id);
        expect(told).toHaveLength(1);
        expect(told[0]).toMatch(how === "loses a part" ? /a part of .*packs.* is not there/ : /./);
        expect(describeTree(join(bench.base, "restored"))).toEqual(tree);
        expect(await attempt.validity()).toBe("fenced-out");
      },
    );

    test("an object of which a part is gone for good is reported as damaged, not as absent or short", async () => {
      const stage = await dynamoDbStage(moto);
      const { store } = await stage.open();
      await store.create("jobs/j/packs/1", [noise(MIB, 1)]);
      await damageNewestPack(stage, "loses a part");
      await expect(store.read("jobs/j/packs/1")).rejects.toMatchObject({ code: "record-damaged" });
      await store.remove("jobs/j/packs/1");
      expect(await stage.uploads()).toEqual({ parts: 0, records: 0 });
    });
  },
);

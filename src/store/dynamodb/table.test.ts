import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { type DynamoDbStage, dynamoDbStage, stageOptions } from "../../../test/stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { openDynamoDbStore } from "./index.ts";
import { openTableClient } from "./table-client.ts";
import { prepareTable } from "./table.ts";

const absentName = motoMissing === undefined ? "" : ` (${motoMissing})`;

async function makeTable(stage: DynamoDbStage, more: Partial<CreateTableCommandInput>): Promise<void> {
  const { credentials } = stageOptions(stage.proxy.url, stage.table);
  const client = new DynamoDBClient({
    endpoint: stage.proxy.url,
    region: "us-east-1",
    ...(credentials && { credentials }),
  });
  await client.send(
    new CreateTableCommand({
      TableName: stage.table,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [
        { AttributeName: "pk", AttributeType: "S" },
        { AttributeName: "sk", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "pk", KeyType: "HASH" },
        { AttributeName: "sk", KeyType: "RANGE" },
      ],
      ...more,
    }),
  );
  client.destroy();
}

describe.skipIf(motoMissing !== undefined)(`the table of a store${absentName}`, () => {
  const moto = useMoto();

  test("is not created unasked: the error says how to", async () => {
    const stage = await dynamoDbStage(moto);
    const opening = stage.open({ createTable: false });
    await expect(opening).rejects.toMatchObject({ code: "store-unreachable" });
    await expect(opening).rejects.toThrow(
      `aws dynamodb create-table --table-name ${stage.table} --attribute-definitions`,
    );
    await expect(opening).rejects.toThrow("create-table=true");
    expect(stage.proxy.operations).toEqual(["DescribeTable"]);
  });

  test("is not created by who only reads", async () => {
    const stage = await dynamoDbStage(moto);
    await expect(stage.open({ mode: "read" })).rejects.toMatchObject({ code: "store-unreachable" });
    expect(stage.proxy.operations).toEqual(["DescribeTable"]);
  });

  test("is created once by machines that start at the same time, and used by all", async () => {
    const stage = await dynamoDbStage(moto);
    const stores = await Promise.all(Array.from({ length: 6 }, () => stage.open()));
    await stores[0]?.store.create("a", [Buffer.from("x")]);
    for (const { store, caution } of stores) {
      expect((await store.read("a"))?.toString()).toBe("x");
      expect(caution).toBeUndefined();
    }
  });

  test("that stays in creation is waited for, but not for ever", async () => {
    const stage = await dynamoDbStage(moto);
    const creating = { Table: { TableStatus: "CREATING" } };
    const client = await openTableClient(stageOptions(stage.proxy.url, stage.table));
    const stuck = {
      ...client,
      place: client.place,
      describe: () => Promise.resolve(creating.Table as never),
    };
    const { clock, table, region, endpoint, createTable } = stageOptions(stage.proxy.url, stage.table);
    const preparing = prepareTable({
      client: stuck,
      table,
      region,
      endpoint,
      createTable,
      clock,
      signal: undefined,
    });
    await expect(preparing).rejects.toThrow("still being created after 120 s");
    client.close();
  });

  test("with other keys is refused, and which it needs is said", async () => {
    const stage = await dynamoDbStage(moto);
    await makeTable(stage, {
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "N" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    });
    const opening = stage.open();
    await expect(opening).rejects.toMatchObject({ code: "store-unsuitable" });
    await expect(opening).rejects.toThrow(
      "has the keys id (N, HASH); a store needs pk (S, HASH) and sk (S, RANGE)",
    );
  });

  test("with little provisioned capacity works, with a caution", async () => {
    const stage = await dynamoDbStage(moto);
    await makeTable(stage, {
      BillingMode: "PROVISIONED",
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
    });
    expect((await stage.open()).caution).toContain("takes 5 KB a second");
  });

  test("is shared by stores with different prefixes, which do not see each other", async () => {
    const stage = await dynamoDbStage(moto);
    const [one, other] = [await stage.open({ prefix: "" }), await stage.open({ prefix: "a" })];
    await one.store.create("a/x", [Buffer.alloc(50_000, "1")]);
    await other.store.create("x", [Buffer.from("2")]);
    expect(await one.store.list("")).toEqual([{ key: "a/x", sizeBytes: 50_000 }]);
    expect(await other.store.list("")).toEqual([{ key: "x", sizeBytes: 1 }]);
    expect([one.store.description, other.store.description]).toEqual([
      `DynamoDB table ${stage.table}`,
      `DynamoDB table ${stage.table} below a`,
    ]);
  });

  test("needs no right that the policy of the guide lacks, and the policy has none too many", async () => {
    const policy = JSON.parse(readFileSync("docs/guides/stores/dynamodb-policy.json", "utf8")) as {
      readonly Statement: readonly { readonly Action: readonly string[] }[];
    };
    const stage = await dynamoDbStage(moto);
    const opened = await stage.open();
    const { store } = opened;
    await store.create("small", [Buffer.from("x")]);
    await store.create("large", [Buffer.alloc(500_000)]);
    await store.replace("large", [Buffer.alloc(600_000)]);
    await store.read("large");
    await store.list("");
    await store.remove("large");
    await opened.sweep();
    // A transaction needs the rights of its writes and none of its own.
    const used = new Set(stage.proxy.operations.filter((operation) => operation !== "TransactWriteItems"));
    const granted = policy.Statement.flatMap(({ Action }) => Action);
    expect([...used].map((operation) => `dynamodb:${operation}`).sort()).toEqual([...granted].sort());
  });
});

describe("an endpoint that is none", () => {
  test("E2: nobody listens: the store is unreachable", async () => {
    const options = stageOptions("http://127.0.0.1:1", "jobs");
    await expect(openDynamoDbStore(options)).rejects.toMatchObject({ code: "store-unreachable" });
  });

  test("a server that speaks something else: the store is unreachable", async () => {
    const server = createServer((_, response) => response.end("<html>"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const options = stageOptions(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "jobs");
    await expect(openDynamoDbStore(options)).rejects.toMatchObject({ code: "store-unreachable" });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  test("no region: the error says where to give one", async () => {
    const before = { ...process.env };
    for (const name of ["AWS_REGION", "AWS_DEFAULT_REGION"]) delete process.env[name];
    process.env["AWS_CONFIG_FILE"] = "/dev/null";
    try {
      const { region: _, ...options } = stageOptions("http://127.0.0.1:1", "jobs");
      const opening = openDynamoDbStore(options);
      await expect(opening).rejects.toMatchObject({ code: "bad-usage" });
      await expect(opening).rejects.toThrow("?region=");
    } finally {
      process.env = before;
    }
  });
});

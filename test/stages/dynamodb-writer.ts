import { seededRandom, systemClock } from "../../src/base/index.ts";
import { openDynamoDbStore, parseDynamoDbLocation } from "../../src/store/dynamodb/index.ts";

// A process of its own that creates one object and is killed meanwhile. Arguments: the store's URL, the key, the length.

const [url = "", key = "", length = ""] = process.argv.slice(2);

async function write(): Promise<void> {
  const { store } = await openDynamoDbStore({
    ...parseDynamoDbLocation(url),
    mode: "write",
    clock: systemClock,
    random: seededRandom(1),
    credentials: { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: "not-a-secret" },
  });
  process.stdout.write(await store.create(key, [Buffer.alloc(Number(length), "new")]));
  process.exit(0);
}

write().catch((error: unknown) => {
  process.stderr.write(String(error));
  process.exit(1);
});

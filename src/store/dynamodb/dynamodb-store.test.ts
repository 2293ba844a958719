import { describe } from "vitest";
import { dynamoDbStage } from "../../../test/stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { describeStoreContract } from "../store.contract.ts";

// moto is slow where it shares its processor with other tests.
const LONG = { timeout: 120_000 };

describe.skipIf(motoMissing !== undefined)(`on moto${motoMissing ? ` (${motoMissing})` : ""}`, LONG, () => {
  const moto = useMoto();
  describeStoreContract({
    name: "the DynamoDB store",
    open: async () => (await (await dynamoDbStage(moto)).open()).store,
  });
});

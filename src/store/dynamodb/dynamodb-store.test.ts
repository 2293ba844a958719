import { describe } from "vitest";
import { dynamoDbStage } from "../../../test/stages/dynamodb-stage.ts";
import { motoMissing, useMoto } from "../../../test/stages/moto.ts";
import { describeStoreContract } from "../store.contract.ts";

describe.skipIf(motoMissing !== undefined)(`on moto${motoMissing ? ` (${motoMissing})` : ""}`, () => {
  const moto = useMoto();
  describeStoreContract({
    name: "the DynamoDB store",
    open: async () => (await (await dynamoDbStage(moto)).open()).store,
  });
});

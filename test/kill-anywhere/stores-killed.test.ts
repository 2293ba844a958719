import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type S3Fake, startS3Fake } from "../../src/simulator/index.ts";
import { openS3Store, parseS3Location } from "../../src/store/s3/index.ts";
import { startDynamoDbProxy } from "../stages/dynamodb-proxy.ts";
import { motoMissing, useMoto } from "../stages/moto.ts";
import { hasPostgres, startPostgres } from "../stages/postgres.ts";
import { CREDENTIALS } from "../stages/s3-stage.ts";
import { type Programs, buildStorePrograms } from "./build-programs.ts";
import { type Campaign, cutsOf, problemsOf, startCampaign } from "./campaign.ts";
import { type Places, freshPlaces } from "./foremen.ts";
import type { Setting } from "./setting.ts";
import type { Mutant } from "./store-mutants.ts";

// KILL_ANYWHERE_STORE_CUTS: how many processes are killed for each kind of store, 40 by default, and an eighth of that for
// DynamoDB, whose stand-in is slow; a few more are, since chains are finished. A change of a store deserves 500 (three
// minutes for each kind on two cores). KILL_SEED, KILL_CHAIN: repeat what a failure names; what is under way in a server, or
// in a database when its process dies at a random moment, may go another way then.

const CUTS = Number(process.env["KILL_ANYWHERE_STORE_CUTS"] ?? 40);
const SEED = Number(process.env["KILL_SEED"] ?? 1);
const ONLY_CHAIN = process.env["KILL_CHAIN"] === undefined ? undefined : Number(process.env["KILL_CHAIN"]);
const START_MS = 60_000;

const OVER_A_NETWORK: Pick<Setting, "sides" | "surroundings"> = {
  sides: ["before", "after", "held"],
  surroundings: ["same folder", "fresh machine"],
};

/** The usual variables of the AWS SDK; nothing looks for more in files or on the network. */
const AWS: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
  AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
  AWS_REGION: "us-east-1",
  AWS_CONFIG_FILE: "/nonexistent",
  AWS_SHARED_CREDENTIALS_FILE: "/nonexistent",
  AWS_EC2_METADATA_DISABLED: "true",
};

const places: Places = freshPlaces();
let programs: Programs;

beforeAll(async () => {
  programs = await buildStorePrograms(places.path);
}, START_MS);

afterAll(() => places.remove());

/** Where each flaw shows: chains that die anywhere find it too, but take a minute. */
const SHOWS_SINCE: Readonly<Record<Mutant, string>> = {
  "manifest-before-packs": "create jobs/train/checkpoints/",
  "acknowledged-before-commit": "create jobs/train/checkpoints/",
  "written-in-place": "create jobs/train/checkpoints/",
  "packs-removed-before-manifests": "remove jobs/train/packs/",
};

/** How much is tested of one kind of store. */
interface Plan {
  readonly cuts: number;
  /** Of each chain. */
  readonly links: number;
  readonly mutants: readonly Mutant[];
}

/** What is tested of each kind of store. */
function itSurvives(name: string, { cuts, links, mutants }: Plan, setting: () => Setting): void {
  let campaign: Campaign;
  beforeAll(async () => {
    const options = { programs, places, seed: SEED, onlyChain: ONLY_CHAIN, links };
    campaign = await startCampaign({ ...options, setting: setting() });
  }, START_MS);

  test(
    "C01 C03 C08 S12: leaves the state of a committed checkpoint, never older than the last acknowledged",
    async () => {
      const links = await campaign.kill(cuts);
      process.stdout.write(`kill-anywhere (${name}): ${campaign.summary(links)}\n`);
      expect(problemsOf(links)).toEqual([]);
      if (ONLY_CHAIN === undefined) expect(cutsOf(links).length).toBeGreaterThanOrEqual(cuts);
    },
    START_MS + cuts * 2_000,
  );

  test.each(mutants)("finds out an engine with the flaw: %s", { timeout: 300_000 }, async (mutant) => {
    expect(problemsOf(await campaign.killFlawed(mutant, SHOWS_SINCE[mutant]))).not.toEqual([]);
  });
}

describe("a process killed beside any call of a store in S3, or while one is under way", () => {
  let fake: S3Fake;
  beforeAll(async () => {
    fake = await startS3Fake();
  });
  afterAll(() => fake.close());
  const location = (name: string): string => `s3://bucket/${name}?endpoint=${fake.url}&region=us-east-1`;
  itSurvives("S3", { cuts: CUTS, links: 6, mutants: ["manifest-before-packs", "written-in-place"] }, () => ({
    ...OVER_A_NETWORK,
    store: location("{name}"),
    environment: AWS,
  }));

  test("C17: what the dead left of uploads in parts is swept a day later, and nothing else", async () => {
    const shelf = fake.shelf();
    const [objects, uploads] = [shelf.objects.size, shelf.uploads.size];
    fake.jumpClock(25 * 3_600_000);
    for (const name of new Set([...shelf.uploads.values()].map(({ key }) => key.split("/")[0] ?? ""))) {
      const opened = await openS3Store({
        location: parseS3Location(location(name)),
        credentials: CREDENTIALS,
      });
      await opened.sweep();
      await opened.close();
    }
    process.stdout.write(
      `kill-anywhere (S3): ${uploads} uploads were left half done, ${shelf.uploads.size} after a sweep\n`,
    );
    expect(shelf.uploads.size).toBe(0);
    expect(shelf.objects.size).toBe(objects);
  });
});

describe.skipIf(!hasPostgres)(
  `a process killed beside any call of a store in PostgreSQL, or while one is under way${hasPostgres ? "" : " (skipped: PostgreSQL is missing)"}`,
  () => {
    let postgres: Awaited<ReturnType<typeof startPostgres>>;
    beforeAll(async () => {
      // The server lives on, whoever is killed: what it has not yet written to its disk is not lost.
      postgres = await startPostgres(["fsync=off"]);
    }, START_MS);
    afterAll(() => postgres.close());
    itSurvives(
      "PostgreSQL",
      { cuts: CUTS, links: 6, mutants: ["manifest-before-packs", "packs-removed-before-manifests"] },
      () => ({
        ...OVER_A_NETWORK,
        store: `${postgres.url()}?schema={name}`,
        environment: {},
      }),
    );
  },
);

describe("a process killed beside any call of a store in SQLite, or while one is under way", () => {
  const mutants = ["manifest-before-packs", "acknowledged-before-commit"] as const;
  itSurvives("SQLite", { cuts: CUTS, links: 6, mutants }, () => ({
    store: "sqlite:{root}/jobs.db",
    sides: ["before", "after", "held", "during"],
    surroundings: OVER_A_NETWORK.surroundings,
    environment: {},
  }));
});

describe.skipIf(motoMissing !== undefined)(
  `a process killed beside any call of a store in DynamoDB, or while one is under way${motoMissing === undefined ? "" : ` (${motoMissing})`}`,
  () => {
    const moto = useMoto();
    let proxy: Awaited<ReturnType<typeof startDynamoDbProxy>>;
    beforeAll(async () => {
      proxy = await startDynamoDbProxy(moto.url);
    });
    afterAll(() => proxy.close());
    itSurvives(
      "DynamoDB",
      { cuts: Math.ceil(CUTS / 8), links: 2, mutants: ["acknowledged-before-commit"] },
      () => ({
        ...OVER_A_NETWORK,
        store: `dynamodb://jobs/{name}?region=us-east-1&create-table=true&endpoint=${encodeURIComponent(proxy.url)}`,
        environment: AWS,
      }),
    );
  },
);

import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { DATE_FRACTION_MS, metadataStage } from "../../../test/stages/metadata-stage.ts";
import { seededRandom } from "../../base/index.ts";
import { startEc2MetadataMock } from "../../simulator/index.ts";
import { noticeSourceContract } from "../notice-source.contract.ts";
import type { SourceReport } from "../notice-source.ts";
import { createEc2MetadataSource } from "./ec2-metadata-source.ts";

const HAS_IPV6_LOOPBACK = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

describe("tokens", () => {
  test("D01: a token that is rejected is replaced, sent once, and nothing is missed", async () => {
    await using stage = await metadataStage({ imdsv2: "required" });
    await stage.round();
    stage.mock.expireTokens();
    stage.mock.interrupt();
    await stage.round();
    expect(stage.onlyNotice().action).toBe("terminate");
    expect(stage.kinds()).toEqual(["listening", "noticed"]);
    const refused = stage.mock.requests.filter(({ status }) => status === 401);
    expect(refused).toHaveLength(1);
    const puts = stage.mock.requests.filter(({ method }) => method === "PUT");
    expect(puts).toHaveLength(2);
    // Set, not added: a header with two tokens in it would be "a, b".
    expect(stage.mock.requests.every(({ token }) => token?.includes(",") !== true)).toBe(true);
  });

  test("D01: a token is renewed before it expires", async () => {
    await using stage = await metadataStage({ imdsv2: "required" });
    await stage.round();
    await stage.round(21_600_000 - 30_000);
    await stage.round();
    expect(stage.mock.requests.filter(({ status }) => status === 401)).toEqual([]);
    expect(stage.mock.requests.filter(({ method }) => method === "PUT")).toHaveLength(2);
  });

  test("D01: tokens that are rejected again and again make it blind, and it hears again later", async () => {
    await using stage = await metadataStage({ imdsv2: "required" });
    await stage.rest();
    stage.mock.fault({ kind: "status", status: 401, on: "items" });
    await stage.round();
    await stage.round(10_000);
    expect(stage.reports.at(-1)).toMatchObject({ kind: "blind" });
    stage.mock.clearFaults();
    stage.mock.interrupt();
    await stage.round(10_000);
    expect(stage.kinds().slice(-2).sort()).toEqual(["listening", "noticed"]);
  });

  test("D02: no answer to the token request and 401 without one: blind, and the hop limit is named", async () => {
    await using stage = await metadataStage({
      imdsv2: "required",
      prepare: (mock) => mock.fault({ kind: "hang", on: "token" }),
    });
    await until(() => stage.mock.requests.length === 1);
    stage.clock.advance(1000);
    await stage.rest();
    expect(stage.reports).toEqual([
      {
        kind: "blind",
        source: "ec2-metadata",
        reason: expect.stringContaining("HttpPutResponseHopLimit to 2"),
      },
    ]);
    expect(stage.hasEnded).toBe(false);
    stage.mock.clearFaults();
    await stage.round(10_000);
    expect(stage.reports.at(-1)).toMatchObject({ kind: "listening" });
  });

  test("D02: no answer to the token request but items without one: it listens, and names the hop limit", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.fault({ kind: "hang", on: "token" }) });
    await until(() => stage.mock.requests.length === 1);
    stage.clock.advance(1000);
    await stage.rest();
    expect(stage.reports).toEqual([
      {
        kind: "listening",
        source: "ec2-metadata",
        detail: expect.stringContaining("HttpPutResponseHopLimit"),
      },
    ]);
    stage.mock.interrupt();
    await stage.round();
    expect(stage.onlyNotice().action).toBe("terminate");
  });

  test("D02: with IMDSv1 forbidden nothing is ever asked without a token", async () => {
    await using stage = await metadataStage({
      v1Allowed: false,
      endpointConfigured: true,
      prepare: (mock) => mock.fault({ kind: "hang", on: "token" }),
    });
    await until(() => stage.mock.requests.length === 1);
    stage.clock.advance(1000);
    await stage.rest();
    expect(stage.reports).toEqual([
      { kind: "blind", source: "ec2-metadata", reason: expect.stringContaining("HttpPutResponseHopLimit") },
    ]);
    expect(stage.mock.requests.map(({ method }) => method)).toEqual(["PUT"]);
  });

  test.each([403, 404, 405])("a token request answered with %i falls back to IMDSv1", async (status) => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.fault({ kind: "status", status, on: "token" }),
    });
    stage.mock.interrupt();
    await stage.rest();
    expect(stage.notices()).toHaveLength(1);
    expect(stage.mock.requests.filter(({ method }) => method === "PUT")).toHaveLength(1);
  });
});

describe("a service that is not there", () => {
  test("D03: silence on a machine that is not Amazon's: absent in under two seconds", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.fault({ kind: "hang" }) });
    const beganMs = stage.clock.now();
    await until(() => stage.mock.requests.length === 1);
    stage.clock.advance(1000);
    await until(() => stage.mock.requests.length === 2);
    stage.clock.advance(900);
    await until(() => stage.hasEnded);
    expect(stage.clock.now() - beganMs).toBeLessThan(2000);
    expect(stage.kinds()).toEqual(["absent"]);
  });

  test.each([
    { vendor: "amazon", endpointConfigured: false },
    { vendor: "other", endpointConfigured: true },
  ] as const)(
    "D03: silence where EC2 is to be expected ($vendor, configured: $endpointConfigured): blind, and it keeps trying",
    async ({ vendor, endpointConfigured }) => {
      await using stage = await metadataStage({
        vendor,
        endpointConfigured,
        prepare: (mock) => mock.fault({ kind: "hang" }),
      });
      await until(() => stage.mock.requests.length === 1);
      stage.clock.advance(1000);
      await until(() => stage.mock.requests.length === 2);
      stage.clock.advance(900);
      await stage.rest();
      expect(stage.reports).toEqual([
        { kind: "blind", source: "ec2-metadata", reason: expect.stringContaining("firewall") },
      ]);
      stage.mock.clearFaults();
      await stage.round(10_000);
      expect(stage.kinds()).toEqual(["blind", "listening"]);
    },
  );

  test("D03: a refused connection is absent at once, without a second request", async () => {
    await using stage = await metadataStage({ endpoint: "http://127.0.0.1:1" });
    await until(() => stage.hasEnded);
    expect(stage.reports).toEqual([
      { kind: "absent", source: "ec2-metadata", reason: expect.stringContaining("ECONNREFUSED") },
    ]);
  });

  test.each([
    ["a web page for everything", { kind: "web-page" }],
    ["404 for everything", { kind: "status", status: 404 }],
    ["a redirect for everything", { kind: "redirect", location: "/elsewhere" }],
    ["bytes that are no HTTP", { kind: "garbage" }],
    ["a connection that breaks", { kind: "reset" }],
    ["a megabyte for everything", { kind: "too-large" }],
    ["400 for everything, like Azure", { kind: "status", status: 400 }],
    ["403 for everything, like Google", { kind: "status", status: 403 }],
  ] as const)("D22: %s is not taken for EC2", async (_name, fault) => {
    await using stage = await metadataStage({ prepare: (mock) => mock.fault(fault) });
    stage.mock.interrupt();
    await until(() => stage.hasEnded);
    expect(stage.reports).toEqual([
      { kind: "absent", source: "ec2-metadata", reason: expect.stringMatching(/\S/) },
    ]);
  });

  test("D22: an instance id that is not one of EC2's is named in the reason", async () => {
    await using stage = await metadataStage({ instance: { instanceId: "6b2a9e8c-vm" } });
    await until(() => stage.hasEnded);
    expect(stage.reports).toMatchObject([{ kind: "absent", reason: expect.stringContaining("6b2a9e8c-vm") }]);
  });
});

describe("a service in trouble", () => {
  test("D04: 503 makes it blind with growing pauses, and it hears again when that ends", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.fault({ kind: "status", status: 503 });
    await stage.round();
    expect(stage.kinds()).toEqual(["listening"]);
    await stage.round();
    expect(stage.reports.at(-1)).toMatchObject({ kind: "blind", reason: expect.stringContaining("503") });
    for (let round = 0; round < 20; round += 1) await stage.round(10_000);
    expect(stage.hasEnded).toBe(false);
    expect(stage.kinds()).toEqual(["listening", "blind"]);
    const asked = stage.mock.requests
      .filter(({ path }) => path.endsWith("instance-action"))
      .map(({ atMs }) => atMs);
    const pauses = asked.slice(1).map((atMs, index) => atMs - (asked[index] ?? 0));
    expect(Math.max(...pauses)).toBeLessThanOrEqual(10_000);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(5000);
    stage.mock.clearFaults();
    stage.mock.interrupt();
    await stage.round(10_000);
    expect(stage.kinds().slice(2).sort()).toEqual(["listening", "noticed"]);
  });

  test("D04: 503 from the start, on a machine of Amazon's: blind, never absent", async () => {
    await using stage = await metadataStage({
      vendor: "amazon",
      prepare: (mock) => mock.fault({ kind: "status", status: 503 }),
    });
    await stage.round(10_000);
    await stage.round(10_000);
    expect(stage.kinds()).toEqual(["blind"]);
  });

  test.each([
    { kind: "garbage" },
    { kind: "reset" },
    { kind: "cut-off" },
    { kind: "web-page" },
    { kind: "too-large" },
    { kind: "redirect", location: "/" },
  ] as const)("D04: $kind in the middle makes it blind, is no notice, and passes", async (fault) => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.fault(fault);
    await stage.round();
    await stage.round(10_000);
    expect(stage.kinds()).toEqual(["listening", "blind"]);
    stage.mock.clearFaults();
    await stage.round(10_000);
    expect(stage.kinds()).toEqual(["listening", "blind", "listening"]);
  });

  test("D04: a service that is slow, but within the second, is heard", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.interrupt();
    stage.mock.fault({ kind: "slow", ms: 900, on: "spot/instance-action" });
    const before = stage.mock.requests.length;
    stage.clock.advance(2000);
    await until(() => stage.mock.requests.length > before);
    stage.clock.advance(900);
    await stage.rest();
    // The time that the reply took is not counted as time left.
    expect(stage.leadMs()).toBe(120_000 - 2000 - 900 - DATE_FRACTION_MS);
  });

  test("one failed look is a glitch that nobody is told of", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.fault({ kind: "reset", on: "spot/instance-action", times: 1 });
    await stage.round();
    await stage.round();
    await stage.round();
    expect(stage.kinds()).toEqual(["listening"]);
  });

  test("an item that cannot be read does not hide the others, and is told once", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.fault({ kind: "status", status: 500, on: "rebalance" });
    await stage.round();
    stage.mock.interrupt();
    stage.mock.scheduleEvent({ code: "instance-stop", inMs: 3_600_000 });
    await stage.round();
    await stage.round();
    expect(stage.kinds()).toEqual(["listening", "listening", "noticed", "noticed"]);
    expect(stage.reports[1]).toMatchObject({ detail: expect.stringContaining("recommendations/rebalance") });
  });

  test("where one item gets no answer the others are not waited for, and the Spot notice comes first", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.fault({ kind: "hang", on: "rebalance" });
    stage.mock.interrupt();
    const before = stage.mock.requests.length;
    stage.clock.advance(2000);
    await until(() => stage.mock.requests.at(-1)?.path.endsWith("rebalance") === true);
    expect(stage.onlyNotice().action).toBe("terminate");
    stage.clock.advance(1000);
    await stage.rest();
    expect(stage.mock.requests.slice(before).map(({ path }) => path.split("/").at(-1))).toEqual([
      "instance-action",
      "rebalance",
    ]);
  });
});

describe("nothing to say", () => {
  test("D05: 404 is no notice and no trouble, however often it comes", async () => {
    await using stage = await metadataStage();
    for (let round = 0; round < 10; round += 1) await stage.round();
    expect(stage.kinds()).toEqual(["listening"]);
    expect(stage.mock.requests.some(({ status }) => status === 404)).toBe(true);
  });

  test("D08: where nothing is announced nothing is reported, even when the machine goes silent", async () => {
    const stage = await metadataStage();
    await stage.round();
    await stage.mock.close();
    await stage.round();
    await stage.round(10_000);
    expect(stage.kinds()).toEqual(["listening", "blind"]);
    await stage[Symbol.asyncDispose]();
  });
});

describe("the end of a watch", () => {
  test("no socket is left, though the service is still there", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    expect(stage.mock.openConnections).toBe(1);
    await stage.end();
    await until(() => stage.mock.openConnections === 0, "the connection to close");
  });

  test("after the abort nothing is reported and no timer is left, whatever was under way", async () => {
    for (const fault of [undefined, { kind: "hang" }, { kind: "slow", ms: 500 }] as const) {
      const stage = await metadataStage({ vendor: "amazon" });
      await stage.rest();
      if (fault !== undefined) {
        stage.mock.fault(fault);
        const before = stage.mock.requests.length;
        stage.clock.advance(2000);
        await until(() => stage.mock.requests.length > before);
      }
      const told = stage.reports.length;
      await stage[Symbol.asyncDispose]();
      expect(stage.hasEnded).toBe(true);
      expect(stage.reports).toHaveLength(told);
      expect(stage.clock.pending).toBe(0);
    }
  });
});

noticeSourceContract(async () => {
  const clock = manualClock();
  const mock = await startEc2MetadataMock({ clock });
  const settings = { enabled: true, endpoint: mock.url, endpointConfigured: false, v1Allowed: true };
  const source = createEc2MetadataSource({ settings, clock, random: seededRandom(1) });
  let running = 0;
  const rest = () => until(() => running === 0 || clock.sleepers > 0, "the source to rest");
  return {
    source: {
      name: source.name,
      async watch(report, signal) {
        running += 1;
        await source.watch(report, signal);
        running -= 1;
      },
    },
    announce: () => void mock.interrupt(),
    async letHear() {
      await rest();
      clock.advance(running === 0 ? 0 : 2000);
      await new Promise((resolve) => setImmediate(resolve));
      await rest();
    },
    pendingTimers: () => clock.pending,
    close: () => mock.close(),
  };
});

test("a service that is switched off is never asked", async () => {
  const settings = {
    enabled: false,
    endpoint: "http://127.0.0.1:1",
    endpointConfigured: false,
    v1Allowed: false,
  };
  const source = createEc2MetadataSource({ settings, clock: manualClock(), random: seededRandom(1) });
  const reports: SourceReport[] = [];
  await source.watch((report) => reports.push(report), new AbortController().signal);
  expect(reports).toEqual([
    { kind: "absent", source: "ec2-metadata", reason: expect.stringContaining("AWS_EC2_METADATA_DISABLED") },
  ]);
});

describe("over IPv6", () => {
  test.skipIf(!HAS_IPV6_LOOPBACK)("a service at an IPv6 literal is heard (needs ::1)", async () => {
    await using stage = await metadataStage({ host: "::1", imdsv2: "required" });
    await stage.rest();
    stage.mock.interrupt();
    await stage.round();
    expect(stage.mock.url).toContain("[::1]");
    expect(stage.onlyNotice().action).toBe("terminate");
  });
});

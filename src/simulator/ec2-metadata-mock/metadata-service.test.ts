import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import type { MockEvent } from "../metadata-mock/machine-metadata.ts";
import { type Ec2MetadataMockOptions, startEc2MetadataMock } from "./ec2-metadata-mock.ts";

const META = "/latest/meta-data";
const TTL = "x-aws-ec2-metadata-token-ttl-seconds";
const POST = { method: "POST" };

async function stage(options: Partial<Ec2MetadataMockOptions> = {}) {
  const clock = manualClock();
  const mock = await startEc2MetadataMock({ clock, ...options });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${mock.url}${path}`, { redirect: "manual", ...init });
  const text = async (path: string, init: RequestInit = {}): Promise<[number, string]> => {
    const reply = await ask(path, init);
    return [reply.status, await reply.text()];
  };
  return {
    clock,
    mock,
    ask,
    text,
    status: async (path: string, init: RequestInit = {}) => (await text(path, init))[0],
    json: async (path: string) => JSON.parse((await text(path))[1]) as unknown,
    [Symbol.asyncDispose]: () => mock.close(),
  };
}

describe("paths", () => {
  test("the versions are listed, and the top of a version without slashes", async () => {
    await using at = await stage();
    const [, versions] = await at.text("/");
    expect(versions.split("\n")).toEqual(expect.arrayContaining(["1.0", "2021-03-23", "latest"]));
    expect(await at.text("/latest")).toEqual([200, "dynamic\nmeta-data"]);
    expect(await at.text("/latest/dynamic/")).toEqual([200, "instance-identity/"]);
    expect(await at.text("/2020-10-27/meta-data/instance-life-cycle")).toEqual([200, "spot"]);
  });

  test("an item is to be had with a slash at its end as well; nothing is below it", async () => {
    await using at = await stage();
    expect(await at.text(`${META}/placement/region/`)).toEqual([200, "us-east-1"]);
    expect(await at.status(`${META}/instance-id/xxx`)).toBe(404);
    expect(await at.status(`${META}/%zz`)).toBe(404);
  });

  test("D05: a refusal is a page, as from the real service, and HEAD of it has none", async () => {
    await using at = await stage();
    const reply = await at.ask(`${META}/spot/instance-action`);
    expect([reply.status, reply.headers.get("content-type")]).toEqual([404, "text/html"]);
    expect(await reply.text()).toContain("<title>404 - Not Found</title>");
    const head = await at.ask(`${META}/spot/instance-action`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([404, ""]);
  });

  test("the other methods are 405 and say which ones there are", async () => {
    await using at = await stage();
    const wrong = await at.ask(`${META}/instance-id`, { method: "PUT" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    const token = await at.ask("/latest/api/token", POST);
    expect([token.status, token.headers.get("allow")]).toEqual([405, "OPTIONS, PUT"]);
  });
});

describe("what an instance is", () => {
  test("its placement, with the items that only some instances have", async () => {
    await using plain = await stage();
    const placement = `${META}/placement/`;
    expect(await plain.text(placement)).toEqual([200, "availability-zone\navailability-zone-id\nregion"]);
    expect(await plain.status(`${placement}group-name`)).toBe(404);
    await using placed = await stage({
      instance: { groupName: "near", hostId: "h-0123456789abcdef0", partitionNumber: 2 },
    });
    expect(await placed.text(`${placement}group-name`)).toEqual([200, "near"]);
    expect(await placed.text(`${placement}host-id`)).toEqual([200, "h-0123456789abcdef0"]);
    expect(await placed.text(`${placement}partition-number`)).toEqual([200, "2"]);
  });

  test("the top-level instance-action is another thing than the notice", async () => {
    await using at = await stage();
    at.mock.interrupt();
    expect(await at.text(`${META}/instance-action`)).toEqual([200, "none"]);
  });

  test("the identity document has every field that AWS documents", async () => {
    await using at = await stage();
    const names =
      "accountId architecture availabilityZone billingProducts devpayProductCodes imageId instanceId instanceType kernelId marketplaceProductCodes pendingTime privateIp ramdiskId region version";
    const document = (await at.json("/latest/dynamic/instance-identity/document")) as object;
    expect(Object.keys(document).sort()).toEqual(names.split(" ").sort());
  });

  test("the role's credentials are those of the AWS documentation's examples, and last six hours", async () => {
    await using at = await stage();
    const folder = `${META}/iam/security-credentials`;
    expect(await at.text(`${folder}/`)).toEqual([200, "spotproof-mock-role"]);
    expect(await at.json(`${folder}/spotproof-mock-role`)).toMatchObject({
      Code: "Success",
      AccessKeyId: expect.stringContaining("EXAMPLE"),
      Expiration: "2026-01-02T09:04:05Z",
    });
    expect(await at.json(`${META}/iam/info`)).toMatchObject({ Code: "Success" });
    await using none = await stage({ instance: { role: undefined } });
    expect(await none.status(`${META}/iam/info`)).toBe(404);
    expect((await none.text(`${META}/`))[1]).not.toContain("iam");
  });

  test("tags are 404 until they are enabled; then their keys are listed", async () => {
    await using at = await stage({ instance: { tags: { Name: "mine", "team:cost": "7" } } });
    expect(await at.status(`${META}/tags/instance/`)).toBe(404);
    expect(await at.status("/mock/options?instance-metadata-tags=enabled", POST)).toBe(200);
    expect(await at.text(`${META}/tags/`)).toEqual([200, "instance/"]);
    expect(await at.text(`${META}/tags/instance/`)).toEqual([200, "Name\nteam:cost"]);
    expect(await at.text(`${META}/tags/instance/team%3Acost`)).toEqual([200, "7"]);
  });

  test("a tag that EC2 could not show is refused", async () => {
    const tags = (key: string) => ({
      clock: manualClock(),
      instance: { tags: { [key]: "x" } },
      metadataOptions: { instanceMetadataTags: "enabled" as const },
    });
    for (const key of ["a b", "_index", ".", "a/b"]) {
      await expect(startEc2MetadataMock(tags(key))).rejects.toMatchObject({
        code: "bad-usage",
        detail: expect.stringContaining(`"${key}"`),
      });
    }
  });
});

describe("metadata options, as modify-instance-metadata-options sets them", () => {
  test("switched off, everything is 403, also a request for a token", async () => {
    await using at = await stage({ metadataOptions: { httpEndpoint: "disabled" } });
    expect(await at.status(`${META}/instance-id`)).toBe(403);
    expect(await at.status("/latest/api/token", { method: "PUT", headers: { [TTL]: "60" } })).toBe(403);
    at.mock.configure({ httpEndpoint: "enabled" });
    expect(await at.status(`${META}/instance-id`)).toBe(200);
  });

  test("D02: from further away than the hop limit a token request gets no answer, an item does", async () => {
    await using at = await stage({ metadataOptions: { clientHops: 2 } });
    const put = {
      method: "PUT",
      headers: { [TTL]: "60" },
    };
    const lost = at.ask("/latest/api/token", { ...put, signal: AbortSignal.timeout(100) });
    await expect(lost).rejects.toMatchObject({ name: "TimeoutError" });
    expect(at.mock.requests.map(({ status }) => status)).toEqual([undefined]);
    expect(await at.status(`${META}/instance-id`)).toBe(200);
    expect(await at.status("/mock/options?http-put-response-hop-limit=2", POST)).toBe(200);
    expect(await at.status("/latest/api/token", put)).toBe(200);
  });

  test.each(["http-tokens=maybe", "client-hops=0", "http-put-response-hop-limit=65", "hops=2"])(
    "%s is refused and changes nothing",
    async (query) => {
      await using at = await stage();
      expect(await at.status(`/mock/options?${query}`, POST)).toBe(400);
      expect(at.mock.configure({})).toMatchObject({ httpTokens: "optional", httpPutResponseHopLimit: 1 });
    },
  );
});

describe("what comes and goes", () => {
  test("D12: an interruption that is taken back is 404 again, and can be announced anew", async () => {
    const events: MockEvent[] = [];
    await using at = await stage({ onEvent: (event) => events.push(event) });
    at.mock.interrupt();
    expect(await at.status(`${META}/spot/instance-action`)).toBe(200);
    expect(at.mock.heard).toEqual({ atMs: at.clock.now() });
    expect(await at.status("/mock/cancel", POST)).toBe(200);
    expect(await at.status(`${META}/spot/instance-action`)).toBe(404);
    expect(await at.status(`${META}/spot/termination-time`)).toBe(404);
    expect(at.mock.heard).toBeUndefined();
    at.mock.cancelInterruption();
    at.mock.interrupt();
    expect(at.mock.heard).toBeUndefined();
    await at.text(`${META}/spot/termination-time`);
    expect(at.mock.heard).toBeDefined();
    expect(events.map(({ kind }) => kind)).toEqual(["announced", "heard", "announced", "announced", "heard"]);
  });

  test("where EC2 failed to end the instance the moment stays, in the past", async () => {
    await using at = await stage();
    const time = at.mock.interrupt({ action: "terminate", leadMs: 120_000 });
    at.clock.advance(86_400_000);
    expect(await at.text(`${META}/spot/termination-time`)).toEqual([200, time]);
  });

  test("an interruption of another kind replaces the one before in both items", async () => {
    await using at = await stage();
    at.mock.interrupt({ action: "terminate" });
    at.mock.interrupt({ action: "hibernate", leadMs: 0 });
    expect(await at.json(`${META}/spot/instance-action`)).toEqual({
      action: "hibernate",
      time: "2026-01-02T03:04:05Z",
    });
    expect(await at.status(`${META}/spot/termination-time`)).toBe(404);
  });

  test("a rebalance recommendation comes alone, before or together with the notice, and stays as it was", async () => {
    await using at = await stage();
    const path = `${META}/events/recommendations/rebalance`;
    expect(await at.status(path)).toBe(404);
    at.mock.rebalance();
    at.clock.advance(60_000);
    at.mock.interrupt();
    expect(await at.text(path)).toEqual([200, '{"noticeTime":"2026-01-02T03:04:05Z"}']);
    at.mock.cancelInterruption();
    expect(await at.status(path)).toBe(200);
  });

  test.each(["completed", "canceled"] as const)(
    "an event that is %s is in the history at once, and leaves the schedule after a minute",
    async (state) => {
      await using at = await stage();
      const [scheduled, history] = ["scheduled", "history"].map(
        (name) => `${META}/events/maintenance/${name}`,
      );
      if (scheduled === undefined || history === undefined) throw new Error("unreachable");
      expect(await at.json(history)).toEqual([]);
      const id = at.mock.scheduleEvent({ code: "system-reboot", inMs: 3_600_000 });
      const other = at.mock.scheduleEvent({ code: "instance-stop", inMs: 7_200_000 });
      expect(await at.status(`/mock/end-scheduled?id=${id}&state=${state}`, POST)).toBe(200);
      expect(await at.status("/mock/end-scheduled?id=unknown", POST)).toBe(400);
      expect(await at.json(history)).toMatchObject([{ EventId: id, State: state }]);
      expect(await at.json(scheduled)).toMatchObject([{ EventId: id, State: state }, { EventId: other }]);
      at.clock.advance(60_000);
      expect(await at.json(scheduled)).toMatchObject([{ EventId: other, State: "active" }]);
      expect(await at.json(history)).toMatchObject([{ EventId: id }]);
    },
  );

  test("the target lifecycle state is 404 in no group, and where it is made so", async () => {
    const path = `${META}/autoscaling/target-lifecycle-state`;
    await using alone = await stage({ inAutoScalingGroup: false });
    expect(await alone.status(path)).toBe(404);
    await using at = await stage();
    expect(await at.text(path)).toEqual([200, "InService"]);
    expect(await at.status("/mock/lifecycle?state=none", POST)).toBe(200);
    expect(await at.status(path)).toBe(404);
  });

  test("D17: a clock that jumps moves the Date header and what is announced later, not what was announced", async () => {
    await using at = await stage();
    const before = at.mock.interrupt();
    expect(await at.text("/mock/jump-clock?by=-1h", POST)).toEqual([
      200,
      "the service's clock says 2026-01-02T02:04:05Z\n",
    ]);
    const reply = await at.ask(`${META}/spot/termination-time`);
    expect(await reply.text()).toBe(before);
    expect(reply.headers.get("date")).toBe("Fri, 02 Jan 2026 02:04:05 GMT");
    expect(at.mock.interrupt()).toBe("2026-01-02T02:06:05Z");
    expect(await at.status("/mock/jump-clock", POST)).toBe(400);
  });
});

describe("faults", () => {
  test("D04: a throttle refuses with 503 what comes beyond its rate, second by second", async () => {
    await using at = await stage();
    expect(await at.status("/mock/fault?kind=throttle&per-second=2", POST)).toBe(200);
    const five = async () => {
      const all: number[] = [];
      for (let turn = 0; turn < 5; turn += 1) all.push(await at.status(`${META}/instance-id`));
      return all;
    };
    expect(await five()).toEqual([200, 200, 503, 503, 503]);
    at.clock.advance(1000);
    expect(await five()).toEqual([200, 200, 503, 503, 503]);
  });

  test("a fault begins and ends by the clock", async () => {
    await using at = await stage();
    expect(await at.status("/mock/fault?kind=status&status=503&after=10s&for=30s", POST)).toBe(200);
    const seen: number[] = [];
    for (const ms of [0, 9_999, 1, 29_999, 1]) {
      at.clock.advance(ms);
      seen.push(await at.status(`${META}/instance-id`));
    }
    expect(seen).toEqual([200, 200, 503, 503, 200]);
    expect(at.mock.state().faults).toEqual([]);
  });

  test("what a fault has replaced was not heard", async () => {
    await using at = await stage();
    at.mock.interrupt();
    for (const kind of ["web-page", "too-large", "redirect"] as const) {
      const undo = at.mock.fault({ kind });
      await at.text(`${META}/spot/instance-action`);
      undo();
    }
    expect(at.mock.heard).toBeUndefined();
    const undo = at.mock.fault({ kind: "slow", ms: 5000 });
    const reading = at.text(`${META}/spot/instance-action`);
    await until(() => at.clock.pending > 0);
    expect(at.mock.heard).toBeUndefined();
    at.clock.advance(5000);
    expect((await reading)[0]).toBe(200);
    expect(at.mock.heard).toEqual({ atMs: at.clock.now() });
    undo();
  });

  test("the SDK refuses a fault that is none as HTTP does", async () => {
    await using at = await stage();
    for (const fault of [{ kind: "status" }, { kind: "slow", ms: -1 }, { kind: "throttle" }] as const) {
      expect(() => at.mock.fault(fault)).toThrow(expect.objectContaining({ code: "bad-usage" }));
    }
  });
});

describe("the state, for people to look at", () => {
  test("tells what is announced, the faults and how much was asked, to everybody but web pages", async () => {
    await using at = await stage();
    at.mock.interrupt({ action: "stop" });
    at.mock.fault({ kind: "slow", ms: 0, on: "token" });
    await at.text(`${META}/instance-id`);
    expect(await at.json("/mock/")).toEqual({
      cloud: "aws",
      time: "2026-01-02T03:04:05Z",
      announced: { "spot/instance-action": '{"action":"stop","time":"2026-01-02T03:06:05Z"}' },
      faults: [{ kind: "slow", ms: 0, on: "token" }],
      requests: 1,
      openConnections: expect.any(Number),
    });
    expect(await at.status("/mock")).toBe(200);
    expect(await at.status("/mock/", POST)).toBe(405);
    expect(await at.status("/mock/", { headers: { origin: "http://evil.example" } })).toBe(403);
  });
});

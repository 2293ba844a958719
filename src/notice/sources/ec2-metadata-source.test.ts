import { describe, expect, test } from "vitest";
import { type MetadataStage, metadataStage } from "../../../test/stages/metadata-stage.ts";
import { until } from "../../../test/stages/manual-clock.ts";
import type { Notice } from "../notice.ts";

/** The only notice so far. */
function onlyNotice(stage: MetadataStage): Notice {
  const [notice, ...more] = stage.notices();
  expect(more).toEqual([]);
  if (notice === undefined) throw new Error(`no notice among ${JSON.stringify(stage.reports)}`);
  return notice;
}

/** How far ahead the deadline of a notice is by now. */
function leadMs(stage: MetadataStage, notice = onlyNotice(stage)): number {
  return (notice.deadline?.atMs ?? Number.NaN) - stage.clock.now();
}

describe("tokens", () => {
  test("D01: a token that is rejected is replaced, sent once, and nothing is missed", async () => {
    await using stage = await metadataStage({ imdsv2: "required" });
    await stage.round();
    stage.mock.expireTokens();
    stage.mock.interrupt();
    await stage.round();
    expect(onlyNotice(stage).action).toBe("terminate");
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
    expect(onlyNotice(stage).action).toBe("terminate");
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
    expect(leadMs(stage)).toBe(120_000 - 2000 - 900);
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

  test("an item that cannot be read does not hide the others", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.fault({ kind: "status", status: 500, on: "target-lifecycle-state" });
    await stage.round();
    stage.mock.interrupt();
    stage.mock.rebalance();
    await stage.round();
    await stage.round();
    expect(stage.reports.map((report) => report.kind)).toEqual([
      "listening",
      "listening",
      "noticed",
      "noticed",
    ]);
    expect(stage.reports[1]).toMatchObject({ detail: expect.stringContaining("target-lifecycle-state") });
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

describe("how long there is", () => {
  test("D06: a body that slides at each look is one event with its earliest deadline", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.interrupt();
    await stage.round();
    const first = onlyNotice(stage);
    for (let round = 0; round < 5; round += 1) {
      stage.mock.interrupt();
      await stage.round();
    }
    expect(onlyNotice(stage)).toBe(first);
  });

  test("D06: an earlier moment for the same event is told again under the same id", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt() });
    await stage.rest();
    stage.mock.interrupt({ leadMs: 30_000 });
    await stage.round();
    const [first, second] = stage.notices();
    expect(second?.id).toBe(first?.id);
    expect(second?.deadline?.atMs).toBe(stage.clock.now() - 2000 + 30_000);
  });

  test("D07: less than was promised is believed", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt({ leadMs: 17_000 }) });
    await stage.rest();
    expect(leadMs(stage)).toBe(17_000);
    expect(onlyNotice(stage).deadlineAssumed).toBe(false);
  });

  test("D07: an instance that hibernates has no two minutes: its deadline is now", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.interrupt({ action: "hibernate", leadMs: 120_000 }),
    });
    await stage.rest();
    expect(onlyNotice(stage).action).toBe("hibernate");
    expect(leadMs(stage)).toBe(0);
  });

  test("D09: a notice that leaves five seconds is heard with three or more of them left", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.clock.advance(1);
    stage.mock.interrupt({ leadMs: 5000 });
    await stage.round(1999);
    expect(leadMs(stage)).toBeGreaterThanOrEqual(2000);
    expect(leadMs(stage)).toBeLessThanOrEqual(5000);
  });

  test.each([-3_600_000, 3_600_000])(
    "D17: a wall clock that is wrong by %i ms changes nothing",
    async (wrongMs) => {
      await using stage = await metadataStage({ clockAheadMs: -wrongMs });
      await stage.rest();
      stage.mock.interrupt({ leadMs: 90_000 });
      await stage.round();
      expect(leadMs(stage)).toBe(88_000);
      stage.clock.jumpWall(-wrongMs);
      await stage.round();
      expect(leadMs(stage)).toBe(86_000);
    },
  );

  test("D17: without a Date header the wall clock has to do, but never for more than two minutes", async () => {
    const prepare = (leadMs: number) => (mock: MetadataStage["mock"]) => {
      mock.fault({ kind: "no-date" });
      mock.interrupt({ leadMs });
    };
    await using near = await metadataStage({ prepare: prepare(45_000) });
    await near.rest();
    expect(leadMs(near)).toBe(45_000);
    await using far = await metadataStage({ prepare: prepare(3_600_000) });
    await far.rest();
    expect(leadMs(far)).toBe(120_000);
    expect(onlyNotice(far).deadlineAssumed).toBe(true);
  });

  test("D17: a Date header that is hours behind is not believed", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => {
        mock.fault({ kind: "date-skew", ms: -7_200_000 });
        mock.interrupt();
      },
    });
    await stage.rest();
    expect(leadMs(stage)).toBe(120_000);
  });

  test("D17: a Date header that leaps ahead does not shorten the time of a notice that is known", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt() });
    await stage.rest();
    stage.mock.fault({ kind: "date-skew", ms: 7_200_000 });
    await stage.round();
    expect(leadMs(stage)).toBe(118_000);
  });

  test.each([
    ["no time", '{"action":"terminate"}'],
    ["a time that cannot be read", '{"action":"terminate","time":"soon"}'],
  ])("D18: %s: two minutes from first sight are assumed, and said to be", async (_name, body) => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/instance-action", body),
    });
    await stage.rest();
    expect(leadMs(stage)).toBe(120_000);
    expect(onlyNotice(stage)).toMatchObject({ deadlineAssumed: true, raw: body });
    await stage.round();
    expect(stage.notices()).toHaveLength(1);
  });

  test("a moment that is long over when first seen is no notice, and said once", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/termination-time", "2015-01-05T18:02:00Z"),
    });
    await stage.round();
    await stage.round();
    expect(stage.kinds()).toEqual(["listening", "listening"]);
    expect(stage.reports[1]).toMatchObject({ detail: expect.stringContaining("2015-01-05T18:02:00Z") });
  });

  test("a moment that passes while we are still here stays the same notice", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt({ leadMs: 10_000 }) });
    await stage.rest();
    await stage.round(300_000);
    await stage.round();
    expect(stage.kinds()).toEqual(["listening", "noticed"]);
  });
});

describe("what else may be said", () => {
  test("spot/termination-time alone is a termination, and one event with spot/instance-action (D16)", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.set("meta-data/spot/termination-time", "2026-01-02T03:06:05Z");
    await stage.round();
    const notice = onlyNotice(stage);
    expect(notice).toMatchObject({ action: "terminate", time: "2026-01-02T03:06:05Z" });
    stage.mock.set("meta-data/spot/instance-action", '{"action":"terminate","time":"2026-01-02T03:06:05Z"}');
    await stage.round();
    expect(stage.notices()).toEqual([notice]);
  });

  test("D12: a notice that is gone at two looks is cleared, at one look it is not", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt() });
    await stage.rest();
    const undo = stage.mock.fault({ kind: "status", status: 404, on: "items" });
    await stage.round();
    undo();
    await stage.round();
    expect(stage.kinds()).toEqual(["listening", "noticed"]);
    stage.mock.clear();
    await stage.round();
    await stage.round();
    expect(stage.reports.at(-1)).toMatchObject({ kind: "cleared", noticeId: stage.notices()[0]?.id });
    stage.mock.interrupt();
    await stage.round();
    expect(stage.notices()).toHaveLength(2);
  });

  test("D12: trouble does not clear what is announced", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.interrupt() });
    await stage.rest();
    stage.mock.fault({ kind: "status", status: 503 });
    for (let round = 0; round < 5; round += 1) await stage.round(10_000);
    expect(stage.kinds()).toEqual(["listening", "noticed", "blind"]);
  });

  test("a rebalance recommendation is an early signal without a deadline", async () => {
    await using stage = await metadataStage({ prepare: (mock) => mock.rebalance() });
    await stage.rest();
    expect(onlyNotice(stage)).toMatchObject({ kind: "early-signal", deadlineAssumed: false });
    expect(onlyNotice(stage).deadline).toBeUndefined();
    stage.clock.advance(10_000);
    stage.mock.rebalance();
    await stage.round();
    expect(stage.notices()).toHaveLength(1);
  });

  test("a scheduled event is an early signal until five minutes before it begins, then an interruption", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    const beganMs = stage.clock.now();
    stage.mock.scheduleEvent({ code: "system-reboot", inMs: 3_600_000 });
    await stage.round();
    expect(onlyNotice(stage)).toMatchObject({ kind: "early-signal", action: "reboot" });
    expect(onlyNotice(stage).time).toBe("2 Jan 2026 04:04:05 GMT");
    await stage.round(3_300_000);
    const [early, near] = stage.notices();
    expect(near).toMatchObject({
      id: early?.id,
      kind: "interruption",
      deadline: { atMs: beganMs + 3_600_000 },
    });
    await stage.round();
    expect(stage.notices()).toHaveLength(2);
  });

  test.each(["completed", "canceled"] as const)(
    "D12: a scheduled event that is %s is cleared",
    async (state) => {
      await using stage = await metadataStage();
      await stage.rest();
      const id = stage.mock.scheduleEvent({ code: "instance-stop", inMs: 200_000 });
      await stage.round();
      expect(onlyNotice(stage)).toMatchObject({ kind: "interruption", action: "stop" });
      stage.mock.endScheduledEvent(id, state);
      await stage.round();
      expect(stage.reports.at(-1)).toMatchObject({ kind: "cleared", reason: expect.stringContaining(state) });
    },
  );

  test("D12: a scheduled event that is moved to later is cleared and announced anew", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    const event = (notBefore: string) =>
      stage.mock.set(
        "meta-data/events/maintenance/scheduled",
        JSON.stringify([{ Code: "instance-reboot", EventId: "e-1", NotBefore: notBefore, State: "active" }]),
      );
    event("2 Jan 2026 03:07:05 GMT");
    await stage.round();
    event("2 Jan 2026 03:08:05 GMT");
    await stage.round();
    await stage.round();
    const [first, second] = stage.notices();
    expect((second?.deadline?.atMs ?? 0) - (first?.deadline?.atMs ?? 0)).toBe(60_000);
    expect(stage.reports.at(-1)).toMatchObject({ kind: "cleared", noticeId: first?.id });
  });

  test("a scheduled event whose window is open already is an early signal: it may be hours off", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.scheduleEvent({ code: "system-maintenance", inMs: -600_000 });
    await stage.round();
    expect(onlyNotice(stage).kind).toBe("early-signal");
    expect(onlyNotice(stage).deadline).toBeUndefined();
  });

  test.each(["Terminated", "Warmed:Terminated", "Warmed:Stopped", "Warmed:Hibernated"])(
    "a target lifecycle state of %s takes the machine out of its group",
    async (state) => {
      await using stage = await metadataStage({ leaveGroupLeadMs: 60_000 });
      await stage.rest();
      stage.mock.lifecycle(state);
      await stage.round();
      expect(onlyNotice(stage)).toMatchObject({
        kind: "interruption",
        action: "leave-group",
        deadlineAssumed: true,
      });
      expect(leadMs(stage)).toBe(60_000);
      stage.mock.lifecycle("InService");
      await stage.round();
      expect(stage.reports.at(-1)).toMatchObject({ kind: "cleared" });
    },
  );

  test.each(["InService", "Standby", "Detached", "Warmed:Running"])(
    "a target lifecycle state of %s means nothing",
    async (state) => {
      await using stage = await metadataStage({ prepare: (mock) => mock.lifecycle(state) });
      await stage.round();
      expect(stage.kinds()).toEqual(["listening"]);
    },
  );
});

describe("D18: what is not as documented is read as well as it can be", () => {
  const time = "2026-01-02T03:05:35Z";
  test.each([
    ["no action", `{"time":"${time}"}`, "terminate"],
    ["an unknown action", `{"action":"evaporate","time":"${time}"}`, "terminate"],
    ["other case", `{"Action":"STOP","Time":"${time}"}`, "stop"],
    ["more fields", `{"action":"stop","time":"${time}","reason":{"text":"capacity"}}`, "stop"],
    ["an array", `[{"action":"stop","time":"${time}"}]`, "stop"],
    ["an array with other things before", `[1, {"x": 2}, {"action":"stop","time":"${time}"}]`, "stop"],
    ["text around", `notice: {"action":"stop","time":"${time}"} (end)`, "stop"],
    ["milliseconds", `{"action":"stop","time":"${time.replace("Z", ".000Z")}"}`, "stop"],
    ["no zone", `{"action":"stop","time":"${time.replace("Z", "")}"}`, "stop"],
    ["another zone", '{"action":"stop","time":"2026-01-02T05:05:35+02:00"}', "stop"],
    ["the bare time", time, "terminate"],
  ])("%s", async (_name, body, action) => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/instance-action", body),
    });
    await stage.rest();
    expect(onlyNotice(stage)).toMatchObject({ kind: "interruption", action, raw: body });
    expect(leadMs(stage)).toBe(90_000);
  });

  test("an unknown action is named in the cause", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/instance-action", '{"action":"evaporate"}'),
    });
    await stage.rest();
    expect(onlyNotice(stage).cause).toContain("evaporate");
  });

  test.each(["none", '{"action":"none"}', "", "{}", "null", "[]", "<html>terminate</html>", "\u0000\u0001"])(
    "%j announces nothing",
    async (body) => {
      await using stage = await metadataStage({
        prepare: (mock) => mock.set("meta-data/spot/instance-action", body),
      });
      await stage.round();
      await stage.round(10_000);
      expect(stage.notices()).toEqual([]);
    },
  );
});

describe("the end of a watch", () => {
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

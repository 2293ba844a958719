import { describe, expect, test } from "vitest";
import { DATE_FRACTION_MS, metadataStage } from "../../../../test/stages/metadata-stage.ts";

describe("what else may be said", () => {
  test("spot/termination-time alone is a termination, and one event with spot/instance-action (D16)", async () => {
    await using stage = await metadataStage();
    await stage.rest();
    stage.mock.set("meta-data/spot/termination-time", "2026-01-02T03:06:05Z");
    await stage.round();
    const notice = stage.onlyNotice();
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
    expect(stage.onlyNotice()).toMatchObject({ kind: "early-signal", deadlineAssumed: false });
    expect(stage.onlyNotice().deadline).toBeUndefined();
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
    expect(stage.onlyNotice()).toMatchObject({ kind: "early-signal", action: "reboot" });
    expect(stage.onlyNotice().time).toBe("2 Jan 2026 04:04:05 GMT");
    await stage.round(3_300_000);
    const [early, near] = stage.notices();
    expect(near).toMatchObject({
      id: early?.id,
      kind: "interruption",
      deadline: { atMs: beganMs + 3_600_000 - DATE_FRACTION_MS },
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
      expect(stage.onlyNotice()).toMatchObject({ kind: "interruption", action: "stop" });
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
    expect(stage.onlyNotice().kind).toBe("early-signal");
    expect(stage.onlyNotice().deadline).toBeUndefined();
  });

  test.each(["Terminated", "Warmed:Terminated", "Warmed:Stopped", "Warmed:Hibernated"])(
    "a target lifecycle state of %s takes the machine out of its group",
    async (state) => {
      await using stage = await metadataStage({ leaveGroupLeadMs: 60_000 });
      await stage.rest();
      stage.mock.lifecycle(state);
      await stage.round();
      expect(stage.onlyNotice()).toMatchObject({
        kind: "interruption",
        action: "leave-group",
        deadlineAssumed: true,
      });
      expect(stage.leadMs()).toBe(60_000);
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
    expect(stage.onlyNotice()).toMatchObject({ kind: "interruption", action, raw: body });
    expect(stage.leadMs()).toBe(90_000 - DATE_FRACTION_MS);
  });

  test("an unknown action is named in the cause", async () => {
    await using stage = await metadataStage({
      prepare: (mock) => mock.set("meta-data/spot/instance-action", '{"action":"evaporate"}'),
    });
    await stage.rest();
    expect(stage.onlyNotice().cause).toContain("evaporate");
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

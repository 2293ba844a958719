import { execFile, spawnSync } from "node:child_process";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { systemClock } from "../../base/index.ts";
import type { MockEvent } from "../metadata-mock/machine-metadata.ts";
import { type Ec2MetadataMockOptions, startEc2MetadataMock } from "./ec2-metadata-mock.ts";

const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const HAS_IPV6_LOOPBACK = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);
const TTL = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN = "x-aws-ec2-metadata-token";

async function stage(options: Partial<Ec2MetadataMockOptions> = {}) {
  const clock = manualClock();
  const mock = await startEc2MetadataMock({ clock, ...options });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${mock.url}${path}`, { redirect: "manual", ...init });
  return {
    clock,
    mock,
    ask,
    text: async (path: string) => {
      const reply = await ask(path);
      return [reply.status, await reply.text()];
    },
    token: async (ttl = "21600") =>
      (await ask("/latest/api/token", { method: "PUT", headers: { [TTL]: ttl } })).text(),
    [Symbol.asyncDispose]: () => mock.close(),
  };
}

describe("tokens, as the EC2 user guide has them", () => {
  test.each(["", "0", "21601", "-1", "1.5", "soon"])("a life of %j is refused with 400", async (ttl) => {
    await using at = await stage();
    const reply = await at.ask("/latest/api/token", { method: "PUT", headers: { [TTL]: ttl } });
    expect(reply.status).toBe(400);
  });

  test("without a life it is 400, forwarded it is 403, by a dated path it is 403, with GET it is 405", async () => {
    await using at = await stage();
    const status = async (path: string, init: RequestInit) => (await at.ask(path, init)).status;
    expect(await status("/latest/api/token", { method: "PUT" })).toBe(400);
    const forwarded = { [TTL]: "60", "x-forwarded-for": "10.0.0.1" };
    expect(await status("/latest/api/token", { method: "PUT", headers: forwarded })).toBe(403);
    expect(await status("/2021-03-23/api/token", { method: "PUT", headers: { [TTL]: "60" } })).toBe(403);
    expect(await status("/latest/api/token", {})).toBe(405);
  });

  test("where they are required: 401 without, with a foreign one, and when its life is over", async () => {
    await using at = await stage({ imdsv2: "required" });
    const path = "/latest/meta-data/instance-id";
    expect((await at.ask(path)).status).toBe(401);
    expect((await at.ask(path, { headers: { [TOKEN]: "foreign" } })).status).toBe(401);
    const token = await at.token("10");
    expect((await at.ask(path, { headers: { [TOKEN]: token } })).status).toBe(200);
    at.clock.advance(10_000);
    expect((await at.ask(path, { headers: { [TOKEN]: token } })).status).toBe(401);
  });

  test("where they are optional: 200 without, but still 401 with a foreign one", async () => {
    await using at = await stage();
    const path = "/latest/meta-data/instance-id";
    expect((await at.ask(path)).status).toBe(200);
    expect((await at.ask(path, { headers: { [TOKEN]: "foreign" } })).status).toBe(401);
  });
});

describe("items", () => {
  test("what an instance is, in plain text, with the service's Date and name", async () => {
    await using at = await stage();
    const reply = await at.ask("/latest/meta-data/instance-id");
    expect(await reply.text()).toMatch(/^i-[0-9a-f]{17}$/);
    expect(reply.headers.get("content-type")).toBe("text/plain");
    expect(reply.headers.get("server")).toBe("EC2ws");
    expect(reply.headers.get("date")).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
    expect(await at.text("/latest/meta-data/instance-life-cycle")).toEqual([200, "spot"]);
    expect(await at.text("/2021-03-23/meta-data/placement/region")).toEqual([200, "us-east-1"]);
    const document = await at.ask("/latest/dynamic/instance-identity/document");
    expect(await document.json()).toMatchObject({
      instanceType: "m7i.large",
      availabilityZone: "us-east-1a",
    });
  });

  test("folders list what is in them; what does not exist is 404", async () => {
    await using at = await stage();
    expect(await at.text("/latest/")).toEqual([200, "dynamic\nmeta-data"]);
    const [, names] = await at.text("/latest/meta-data/");
    expect(String(names).split("\n")).toEqual(
      expect.arrayContaining(["instance-id", "placement/", "events/"]),
    );
    expect(names).not.toContain("spot/");
    expect((await at.text("/latest/meta-data/tags/instance"))[0]).toBe(404);
    expect((await at.text("/1999-01-01/meta-data/instance-id"))[0]).toBe(404);
    expect((await at.text("/latest/meta-data/__proto__"))[0]).toBe(404);
  });

  test("HEAD is answered like GET, without the body; other methods are 405", async () => {
    await using at = await stage();
    const reply = await at.ask("/latest/meta-data/instance-id", { method: "HEAD" });
    expect([reply.status, await reply.text()]).toEqual([200, ""]);
    expect((await at.ask("/latest/meta-data/instance-id", { method: "DELETE" })).status).toBe(405);
  });

  test("an interruption is 404 until announced, then a moment that does not slide, then 404 when cleared", async () => {
    await using at = await stage();
    const path = "/latest/meta-data/spot/instance-action";
    expect((await at.text(path))[0]).toBe(404);
    at.mock.interruptAfter(30_000, { leadMs: 60_000 });
    at.clock.advance(29_999);
    expect((await at.text(path))[0]).toBe(404);
    at.clock.advance(1);
    const said = [200, '{"action":"terminate","time":"2026-01-02T03:05:35Z"}'];
    expect(await at.text(path)).toEqual(said);
    at.clock.advance(60_000);
    expect(await at.text(path)).toEqual(said);
    expect(await at.text("/latest/meta-data/spot/termination-time")).toEqual([200, "2026-01-02T03:05:35Z"]);
    at.mock.clear();
    expect((await at.text(path))[0]).toBe(404);
  });

  test("termination-time is only for terminate", async () => {
    await using at = await stage();
    at.mock.interrupt({ action: "stop" });
    expect((await at.text("/latest/meta-data/spot/termination-time"))[0]).toBe(404);
  });

  test("an announcement is told when it is made, and when it is heard for the first time", async () => {
    const events: MockEvent[] = [];
    await using at = await stage({ onEvent: (event) => events.push(event) });
    await at.text("/latest/meta-data/events/maintenance/scheduled");
    at.mock.rebalance();
    for (let turn = 0; turn < 3; turn += 1)
      await at.text("/latest/meta-data/events/recommendations/rebalance");
    expect(events.map(({ kind }) => kind)).toEqual(["announced", "heard"]);
  });

  test("no client is turned away, however many there are", async () => {
    await using at = await stage();
    at.mock.interrupt();
    const all = await Promise.all(
      Array.from({ length: 20 }, () => at.text("/latest/meta-data/spot/instance-action")),
    );
    expect(new Set(all.map(([status]) => status))).toEqual(new Set([200]));
  });

  test.skipIf(!HAS_IPV6_LOOPBACK)("it listens on IPv6 too", async () => {
    await using at = await stage({ host: "::1" });
    expect(at.mock.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
    expect((await at.text("/latest/meta-data/instance-id"))[0]).toBe(200);
  });
});

describe("control over HTTP", () => {
  const post = { method: "POST" };

  test("an interruption, a rebalance, an event, a state and a fault are set, and cleared", async () => {
    await using at = await stage();
    expect((await at.ask("/mock/interrupt?action=stop&lead=30s", post)).status).toBe(200);
    expect((await at.ask("/mock/rebalance", post)).status).toBe(200);
    expect((await at.ask("/mock/schedule?code=instance-stop&in=1h", post)).status).toBe(200);
    expect((await at.ask("/mock/lifecycle?state=Terminated", post)).status).toBe(200);
    const meta = "/latest/meta-data";
    expect((await at.text(`${meta}/spot/instance-action`))[1]).toContain(
      '"stop","time":"2026-01-02T03:04:35Z"',
    );
    expect((await at.text(`${meta}/events/recommendations/rebalance`))[0]).toBe(200);
    expect((await at.text(`${meta}/events/maintenance/scheduled`))[1]).toContain("2 Jan 2026 04:04:05 GMT");
    expect(await at.text(`${meta}/autoscaling/target-lifecycle-state`)).toEqual([200, "Terminated"]);
    expect((await at.ask("/mock/fault?kind=status&status=503&times=1", post)).status).toBe(200);
    expect((await at.text(`${meta}/instance-id`))[0]).toBe(503);
    expect((await at.text(`${meta}/instance-id`))[0]).toBe(200);
    expect((await at.ask("/mock/clear", post)).status).toBe(200);
    expect((await at.text(`${meta}/spot/instance-action`))[0]).toBe(404);
    expect(await at.text(`${meta}/events/maintenance/scheduled`)).toEqual([200, "[]"]);
  });

  test.each([
    ["/mock/interrupt?action=vanish", post, 400],
    ["/mock/interrupt?lead=soon", post, 400],
    ["/mock/fault?kind=flood", post, 400],
    ["/mock/fault?kind=status&status=9", post, 400],
    ["/mock/fault?kind=hang&times=0", post, 400],
    ["/mock/nothing", post, 404],
    ["/mock/toString", post, 404],
    ["/mock/interrupt", {}, 405],
    ["/mock/interrupt", { ...post, headers: { origin: "http://evil.example" } }, 403],
  ])("%s %j is answered with %i and changes nothing", async (path, init, status) => {
    await using at = await stage();
    expect((await at.ask(path, init)).status).toBe(status);
    expect((await at.text("/latest/meta-data/spot/instance-action"))[0]).toBe(404);
    expect((await at.text("/latest/meta-data/instance-id"))[0]).toBe(200);
  });
});

describe("the end", () => {
  test("it closes with open, idle and hanging connections and leaves no timer and no socket", async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCP")).length;
    const at = await stage();
    at.mock.interruptAfter(60_000);
    at.mock.fault({ kind: "hang", on: "hanging" });
    at.mock.fault({ kind: "slow", ms: 60_000, on: "slow" });
    const open = connect(at.mock.port, "127.0.0.1").on("error", () => {});
    const waiting = ["/latest/hanging", "/latest/slow"].map((path) => at.ask(path).catch(() => "broken off"));
    await until(() => at.mock.requests.length === 2);
    await at.mock.close();
    expect(await Promise.all(waiting)).toEqual(["broken off", "broken off"]);
    expect(at.clock.pending).toBe(0);
    await until(() => open.destroyed);
    const left = () => process.getActiveResourcesInfo().filter((kind) => kind.startsWith("TCP")).length;
    await until(() => left() <= before, "sockets to close");
    await at.mock.close();
  });

  test("the service's clock does not follow that of the machine", async () => {
    await using at = await stage({ clockAheadMs: 3_600_000 });
    at.clock.jumpWall(-7_200_000);
    const reply = await at.ask("/latest/meta-data/instance-id");
    expect(reply.headers.get("date")).toBe("Fri, 02 Jan 2026 04:04:05 GMT");
  });
});

/** As many training scripts have it: a second of patience, and 200 means the end. */
const PYTHON_LOOP = `
import json, sys, time, urllib.error, urllib.request
base = sys.argv[1]
def call(path, method="GET", **headers):
    request = urllib.request.Request(base + path, method=method, headers=headers)
    return urllib.request.urlopen(request, timeout=1).read().decode()
token = call("/latest/api/token", "PUT", **{"X-aws-ec2-metadata-token-ttl-seconds": "60"})
print("working", flush=True)
while True:
    try:
        body = call("/latest/meta-data/spot/instance-action", **{"X-aws-ec2-metadata-token": token})
        print(json.loads(body)["action"], flush=True)
        sys.exit(0)
    except urllib.error.HTTPError as error:
        if error.code != 404:
            raise
    time.sleep(0.02)
`;

describe("somebody else's client", () => {
  test.skipIf(!HAS_PYTHON)(
    "a loop in Python (needs python3) works until the notice, and reads it",
    async () => {
      const mock = await startEc2MetadataMock({ clock: systemClock, imdsv2: "required" });
      try {
        const running = promisify(execFile)("python3", ["-c", PYTHON_LOOP, mock.url], { timeout: 20_000 });
        const polls = () => mock.requests.filter(({ status }) => status === 404).length;
        await until(() => polls() >= 2, "two looks of the loop");
        mock.interrupt({ action: "stop" });
        expect((await running).stdout).toBe("working\nstop\n");
      } finally {
        await mock.close();
      }
    },
  );
});

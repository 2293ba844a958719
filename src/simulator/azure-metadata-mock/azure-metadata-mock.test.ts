import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { systemClock } from "../../base/index.ts";
import type { MockEvent } from "../metadata-mock/machine-metadata.ts";
import { type AzureMetadataMockOptions, startAzureMetadataMock } from "./azure-metadata-mock.ts";

const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const HEADER = { metadata: "true" };
const EVENTS = "/metadata/scheduledevents?api-version=2020-07-01";
const INSTANCE = "/metadata/instance";
const VERSION = "api-version=2021-02-01";
const POST = { method: "POST" };

interface Document {
  readonly DocumentIncarnation: number;
  readonly Events: readonly Readonly<Record<string, unknown>>[];
}

async function stage(options: Partial<AzureMetadataMockOptions> = {}) {
  const clock = manualClock();
  const events: MockEvent[] = [];
  const mock = await startAzureMetadataMock({ clock, onEvent: (event) => events.push(event), ...options });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${mock.url}${path}`, { redirect: "manual", headers: HEADER, ...init });
  return {
    clock,
    mock,
    events,
    ask,
    text: async (path: string, init: RequestInit = {}): Promise<[number, string]> => {
      const reply = await ask(path, init);
      return [reply.status, await reply.text()];
    },
    document: async (path = EVENTS) => (await (await ask(path)).json()) as Document,
    acknowledge: async (body: unknown) =>
      (await ask(EVENTS, { ...POST, body: typeof body === "string" ? body : JSON.stringify(body) })).status,
    [Symbol.asyncDispose]: () => mock.close(),
  };
}

describe("the rules of the service", () => {
  test("D22: without the header 400, forwarded 400, a parameter twice 400", async () => {
    await using at = await stage();
    const status = async (path: string, headers: Record<string, string>) =>
      (await at.ask(path, { headers })).status;
    expect(await status(EVENTS, {})).toBe(400);
    expect(await status(EVENTS, { metadata: "false" })).toBe(400);
    expect(await status(EVENTS, { ...HEADER, "x-forwarded-for": "10.0.0.1" })).toBe(400);
    expect(await status(`${EVENTS}&api-version=2020-07-01`, HEADER)).toBe(400);
    expect(await status(EVENTS, { Metadata: "True" })).toBe(200);
  });

  test("an unknown version is 400 and is told the newest ones", async () => {
    await using at = await stage();
    for (const [path, newest] of [
      ["/metadata/scheduledevents", "2020-07-01"],
      ["/metadata/scheduledevents?api-version=2021-02-01", "2020-07-01"],
      [`${INSTANCE}?api-version=1999-01-01`, "2025-04-07"],
    ] as const) {
      const reply = await at.ask(path);
      expect(reply.status).toBe(400);
      expect(await reply.json()).toMatchObject({
        error: expect.stringContaining("api-version"),
        "newest-versions": expect.arrayContaining([newest]),
      });
    }
    expect(await (await at.ask("/metadata/versions")).json()).toMatchObject({
      apiVersions: expect.arrayContaining(["2021-02-01"]),
    });
  });

  test("what a VM is, as a document, a part of it, and a single value", async () => {
    await using at = await stage({ instance: { name: "vm_3", tags: { job: "train" } } });
    expect(await (await at.ask(`${INSTANCE}?${VERSION}`)).json()).toMatchObject({
      compute: { name: "vm_3", priority: "Spot", tags: "job:train" },
      network: { interface: [{ macAddress: expect.any(String) }] },
    });
    expect(await at.text(`${INSTANCE}/compute/name?${VERSION}&format=text`)).toEqual([200, "vm_3"]);
    expect((await at.text(`${INSTANCE}/compute/name?${VERSION}`))[0]).toBe(400);
    expect((await at.text(`${INSTANCE}/network/interface/0?${VERSION}`))[0]).toBe(200);
    expect(await at.text(`${INSTANCE}?${VERSION}&format=text`)).toEqual([200, "compute/\nnetwork/"]);
    expect((await at.text(`${INSTANCE}/compute/toString?${VERSION}`))[0]).toBe(404);
    expect((await at.text(`/metadata/nothing?${VERSION}`))[0]).toBe(404);
    expect((await at.text(`${INSTANCE}?${VERSION}`, POST))[0]).toBe(405);
  });
});

describe("the service for events", () => {
  test("the first call waits until it is switched on, and so do those that come meanwhile", async () => {
    await using at = await stage({ switchOnMs: 120_000 });
    const calls = [at.document(), at.document()];
    await until(() => at.clock.sleepers === 2);
    at.clock.advance(120_000);
    expect(await Promise.all(calls)).toMatchObject([{ Events: [] }, { Events: [] }]);
    expect(await at.document()).toMatchObject({ Events: [] });
    at.clock.advance(24 * 3_600_000 + 1);
    const again = at.document();
    await until(() => at.clock.sleepers === 1);
    at.clock.advance(120_000);
    await again;
  });

  test("a first call is broken off when the service closes", async () => {
    const at = await stage({ switchOnMs: 120_000 });
    const call = at.document().catch(() => "broken off");
    await until(() => at.clock.sleepers === 1);
    await at.mock.close();
    expect(await call).toBe("broken off");
    expect(at.clock.pending).toBe(0);
  });
});

describe("events", () => {
  test("D11: an eviction names this VM and a moment that does not slide; once started it names none", async () => {
    await using at = await stage({ instance: { name: "vm_3" } });
    const before = await at.document();
    at.mock.preempt({ leadMs: 30_000 });
    const first = await at.document();
    expect(first.DocumentIncarnation).toBeGreaterThan(before.DocumentIncarnation);
    expect(first.Events).toEqual([
      {
        EventId: expect.stringMatching(/^[0-9A-F-]{36}$/),
        EventStatus: "Scheduled",
        EventType: "Preempt",
        ResourceType: "VirtualMachine",
        Resources: ["vm_3"],
        NotBefore: "Fri, 02 Jan 2026 03:04:35 GMT",
        Description: "",
        EventSource: "Platform",
        DurationInSeconds: -1,
      },
    ]);
    expect(at.mock.heard).toEqual({ atMs: at.clock.now() });
    at.clock.advance(29_999);
    expect(await at.document()).toEqual(first);
    at.clock.advance(1);
    const started = await at.document();
    expect(started).toMatchObject({
      DocumentIncarnation: first.DocumentIncarnation + 1,
      Events: [{ EventStatus: "Started", NotBefore: "" }],
    });
    at.clock.advance(86_400_000);
    expect(await at.document()).toEqual(started);
  });

  test.each([
    ["Freeze", 9, 9000],
    ["Reboot", -1, 600_000],
  ] as const)("a %s of %i seconds starts, and vanishes when it is over", async (type, durationS, ms) => {
    await using at = await stage();
    at.mock.schedule({ type, leadMs: 900_000, durationS });
    at.clock.advance(900_000 + ms - 1);
    expect(await at.document()).toMatchObject({ Events: [{ EventType: type, EventStatus: "Started" }] });
    at.clock.advance(1);
    expect(await at.document()).toMatchObject({ DocumentIncarnation: 4, Events: [] });
    expect(at.clock.pending).toBe(0);
  });

  test("an event of hardware that has failed appears as started", async () => {
    await using at = await stage();
    at.mock.schedule({ type: "Redeploy", leadMs: 0 });
    expect(await at.document()).toMatchObject({ Events: [{ EventStatus: "Started", NotBefore: "" }] });
  });

  test("older versions do not have the newer fields", async () => {
    await using at = await stage();
    at.mock.preempt();
    const fields = async (version: string) =>
      Object.keys((await at.document(`/metadata/scheduledevents?api-version=${version}`)).Events[0] ?? {});
    expect(await fields("2017-11-01")).not.toContain("Description");
    expect(await fields("2019-04-01")).toContain("Description");
    expect(await fields("2019-04-01")).not.toContain("EventSource");
    expect(await fields("2019-08-01")).not.toContain("DurationInSeconds");
  });

  test("D12: an event that is called off vanishes; another eviction replaces the one before", async () => {
    await using at = await stage();
    at.mock.preempt();
    at.mock.preempt({ leadMs: 60_000 });
    expect((await at.document()).Events).toHaveLength(1);
    at.mock.cancel();
    at.mock.cancel();
    expect((await at.document()).Events).toEqual([]);
    expect(at.mock.heard).toBeUndefined();
    expect(at.clock.pending).toBe(0);
  });
});

describe("acknowledgement", () => {
  test("lets an event start early, for all its VMs", async () => {
    await using at = await stage();
    const id = at.mock.schedule({ type: "Reboot", leadMs: 900_000, resources: ["vm_0", "vm_1"] });
    expect(await at.acknowledge({ StartRequests: [{ EventId: id }] })).toBe(200);
    expect(await at.document()).toMatchObject({
      Events: [{ EventStatus: "Started", NotBefore: "", Resources: ["vm_0", "vm_1"] }],
    });
    expect(await at.acknowledge({ StartRequests: [{ EventId: id }] })).toBe(200);
    expect(at.events.filter(({ kind }) => kind === "acknowledged")).toHaveLength(2);
    at.clock.advance(600_000);
    expect((await at.document()).Events).toEqual([]);
  });

  test.each([
    "no JSON",
    "null",
    "{}",
    '{"StartRequests":[]}',
    '{"StartRequests":[{}]}',
    '{"StartRequests":[{"EventId":"C7061BAC-0000-0000-0000-000000000000"}]}',
  ])("%s is 400 and starts nothing", async (body) => {
    await using at = await stage();
    at.mock.preempt();
    expect(await at.acknowledge(body)).toBe(400);
    expect(await at.document()).toMatchObject({ Events: [{ EventStatus: "Scheduled" }] });
  });
});

describe("control over HTTP", () => {
  test("D11: events of other VMs of the set are delivered too", async () => {
    await using at = await stage();
    const [status, id] = await at.text(
      "/mock/schedule?type=Redeploy&in=10m&resources=vm_7,vm_8&duration=5",
      POST,
    );
    expect(status).toBe(200);
    expect(await at.document()).toMatchObject({
      Events: [{ EventId: id.trim(), Resources: ["vm_7", "vm_8"], DurationInSeconds: 5 }],
    });
    expect(at.mock.heard).toBeUndefined();
    expect((await at.text(`/mock/end?id=${id.trim()}`, POST))[0]).toBe(200);
    expect((await at.text(`/mock/end?id=${id.trim()}`, POST))[0]).toBe(400);
    expect((await at.document()).Events).toEqual([]);
  });

  test.each(["schedule?type=Explode", "schedule?duration=soon", "schedule?in=soon", "preempt?lead=soon"])(
    "%s is refused and announces nothing",
    async (command) => {
      await using at = await stage();
      expect((await at.text(`/mock/${command}`, POST))[0]).toBe(400);
      expect((await at.document()).Events).toEqual([]);
    },
  );
});

/** Looks every moment, lets its own eviction begin when it is ready, and leaves other machines' events alone. */
const PYTHON_POLLER = `
import json, os, time, urllib.request
root = os.environ["AZURE_METADATA_ENDPOINT"]
def call(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(root + path, data=data, headers={"Metadata": "true"})
    with urllib.request.urlopen(request, timeout=5) as reply:
        return reply.read().decode()
me = call("/metadata/instance/compute/name?api-version=2021-02-01&format=text")
path = "/metadata/scheduledevents?api-version=2020-07-01"
seen = -1
while True:
    document = json.loads(call(path))
    if document["DocumentIncarnation"] != seen:
        seen = document["DocumentIncarnation"]
        mine = [event for event in document["Events"] if me in event["Resources"]]
        if mine:
            print(mine[0]["EventType"], mine[0]["NotBefore"] != "", flush=True)
            call(path, {"StartRequests": [{"EventId": mine[0]["EventId"]}]})
            break
    time.sleep(0.02)
print(json.loads(call(path))["Events"][-1]["EventStatus"])
`;

describe("somebody else's client", () => {
  test.skipIf(!HAS_PYTHON)(
    "(needs python3) a poller hears its own event alone and acknowledges it",
    async () => {
      const mock = await startAzureMetadataMock({ clock: systemClock });
      try {
        mock.schedule({ type: "Reboot", leadMs: 900_000, resources: ["another"] });
        const running = promisify(execFile)("python3", ["-c", PYTHON_POLLER], {
          env: { ...process.env, ...mock.environment },
          timeout: 20_000,
        });
        await until(() => mock.requests.length >= 3, "two looks of the poller");
        mock.preempt({ leadMs: 30_000 });
        expect((await running).stdout).toBe("Preempt True\nStarted\n");
      } finally {
        await mock.close();
      }
    },
  );
});

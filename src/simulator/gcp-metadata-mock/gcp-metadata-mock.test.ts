import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { manualClock, until } from "../../../test/stages/manual-clock.ts";
import { systemClock } from "../../base/index.ts";
import type { MockEvent } from "../metadata-mock/machine-metadata.ts";
import { type GcpMetadataMockOptions, startGcpMetadataMock } from "./gcp-metadata-mock.ts";

const HAS_PYTHON = spawnSync("python3", ["--version"]).status === 0;
const FLAVOR = { "metadata-flavor": "Google" };
const INSTANCE = "/computeMetadata/v1/instance";
const PREEMPTED = `${INSTANCE}/preempted`;
const POST = { method: "POST" };

async function stage(options: Partial<GcpMetadataMockOptions> = {}) {
  const clock = manualClock();
  const mock = await startGcpMetadataMock({ clock, ...options });
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${mock.url}${path}`, { redirect: "manual", headers: FLAVOR, ...init });
  return {
    clock,
    mock,
    ask,
    text: async (path: string, init: RequestInit = {}): Promise<[number, string]> => {
      const reply = await ask(path, init);
      return [reply.status, await reply.text()];
    },
    [Symbol.asyncDispose]: () => mock.close(),
  };
}

describe("the header", () => {
  test("D22: without it 403, forwarded 403, and every reply says whose server this is", async () => {
    await using at = await stage();
    const statuses = [
      {},
      { "metadata-flavor": "google" },
      { ...FLAVOR, "x-forwarded-for": "10.0.0.1" },
      FLAVOR,
    ];
    const replies = await Promise.all(statuses.map((headers) => at.ask(PREEMPTED, { headers })));
    expect(replies.map(({ status }) => status)).toEqual([403, 403, 403, 200]);
    expect(replies.map(({ headers }) => headers.get("metadata-flavor"))).toEqual(Array(4).fill("Google"));
    expect(replies[3]?.headers.get("server")).toBe("Metadata Server for VM");
    expect(await replies[0]?.text()).toContain("Missing Metadata-Flavor:Google header.");
  });

  test("the root alone answers without it", async () => {
    await using at = await stage();
    expect(await at.text("/", { headers: {} })).toEqual([200, "computeMetadata/\n"]);
  });
});

describe("values and folders", () => {
  test("what a VM is", async () => {
    await using at = await stage({ instance: { name: "vm-7", zone: "europe-west4-b", tags: ["spot"] } });
    expect(await at.text(`${INSTANCE}/name`)).toEqual([200, "vm-7"]);
    expect(await at.text(`${INSTANCE}/id`)).toEqual([200, "5131842916253427918"]);
    expect(await at.text(`${INSTANCE}/id?alt=json`)).toEqual([200, "5131842916253427918"]);
    expect(await at.text(`${INSTANCE}/zone`)).toEqual([200, "projects/123456789012/zones/europe-west4-b"]);
    expect(await at.text(`${INSTANCE}/machine-type?alt=json`)).toEqual([
      200,
      '"projects/123456789012/machineTypes/n2-standard-4"',
    ]);
    expect((await at.text(`${INSTANCE}/hostname`))[1]).toMatch(/^vm-7\./);
    expect(await at.text(`${INSTANCE}/scheduling/preemptible`)).toEqual([200, "TRUE"]);
    expect(await at.text(`${INSTANCE}/maintenance-event`)).toEqual([200, "NONE"]);
    expect(await at.text(`${INSTANCE}/tags`)).toEqual([200, '["spot"]']);
    expect(await at.text("/computeMetadata/v1/project//project-id")).toEqual([200, "spotproof-mock-project"]);
  });

  test("a folder lists what is in it; without its slash it is 301", async () => {
    await using at = await stage();
    expect(await at.text(`${INSTANCE}/scheduling/`)).toEqual([
      200,
      "automatic-restart\non-host-maintenance\npreemptible\n",
    ]);
    const moved = await at.ask(`${INSTANCE}/scheduling?recursive=true`);
    expect([moved.status, moved.headers.get("location")]).toEqual([
      301,
      `${at.mock.url}${INSTANCE}/scheduling/?recursive=true`,
    ]);
    expect(await moved.text()).toBe(`${INSTANCE}/scheduling/\n`);
    const followed = await at.ask("/computeMetadata/v1/instance", { redirect: "follow" });
    expect(await followed.text()).toMatch(/^attributes\/\n[^]*service-accounts\/\n/);
  });

  test("what is not there is 404, also as text of the prototype, and a value has nothing below it", async () => {
    await using at = await stage();
    for (const path of [
      "/nothing",
      `${INSTANCE}/__proto__`,
      `${PREEMPTED}/`,
      `${INSTANCE}/disks/7/`,
      `${INSTANCE}/attributes/x`,
    ]) {
      expect([path, (await at.text(path))[0]]).toEqual([path, 404]);
    }
    expect((await at.text(PREEMPTED, POST))[0]).toBe(405);
    expect((await at.text(`${PREEMPTED}?alt=xml`))[0]).toBe(400);
  });

  test("recursive=true gives a whole folder, as JSON in camel case or as lines of text, without secrets", async () => {
    await using at = await stage({ instance: { attributes: { "my-key": "mine" } } });
    const json = await at.ask(`${INSTANCE}/?recursive=true`);
    expect(json.headers.get("content-type")).toBe("application/json");
    const body = await json.text();
    expect(body).toContain('"id":5131842916253427918');
    expect(JSON.parse(body)).toMatchObject({
      attributes: { "my-key": "mine" },
      disks: [{ deviceName: "boot", index: 0 }],
      maintenanceEvent: "NONE",
      preempted: "FALSE",
      scheduling: { automaticRestart: "FALSE", onHostMaintenance: "TERMINATE", preemptible: "TRUE" },
      serviceAccounts: { default: { aliases: ["default"] } },
    });
    expect(body).not.toContain("ya29");
    const [, text] = await at.text(`${INSTANCE}/?recursive=true&alt=text`);
    expect(text.split("\n")).toEqual(
      expect.arrayContaining(["attributes/my-key mine", "disks/0/device-name boot", "preempted FALSE"]),
    );
  });

  test("the service account's token is none that a service accepts", async () => {
    await using at = await stage();
    const reply = await at.ask(`${INSTANCE}/service-accounts/default/token`);
    expect(reply.headers.get("content-type")).toBe("application/json");
    expect(await reply.json()).toEqual({
      access_token: expect.stringContaining("mock"),
      expires_in: 3599,
      token_type: "Bearer",
    });
  });
});

describe("preemption and maintenance", () => {
  test("D10: preempted flips at once, however long the lead is, and can be taken back", async () => {
    const events: MockEvent[] = [];
    await using at = await stage({ onEvent: (event) => events.push(event) });
    expect(await at.text(PREEMPTED)).toEqual([200, "FALSE"]);
    expect(at.mock.preempt({ leadMs: 120_000 })).toBe("2026-01-02T03:06:05Z");
    expect(await at.text(PREEMPTED)).toEqual([200, "TRUE"]);
    expect(at.mock.heard).toEqual({ atMs: at.clock.now() });
    expect((await at.text("/mock/cancel", POST))[0]).toBe(200);
    expect(await at.text(PREEMPTED)).toEqual([200, "FALSE"]);
    expect(at.mock.heard).toBeUndefined();
    expect((await at.text("/mock/preempt?lead=0s", POST))[0]).toBe(200);
    expect(events).toEqual([
      { kind: "announced", what: "instance/preempted: TRUE, 2 min 00 s ahead" },
      { kind: "heard", path: PREEMPTED, body: "TRUE" },
      { kind: "announced", what: "instance/preempted: FALSE, taken back" },
      { kind: "announced", what: "instance/preempted: TRUE, 0 ms ahead" },
    ]);
  });

  test("whoever reads the whole folder has heard it too", async () => {
    await using at = await stage();
    at.mock.preempt();
    await at.text(`${INSTANCE}/`);
    expect(at.mock.heard).toBeUndefined();
    await at.text(`${INSTANCE}/?recursive=true`);
    expect(at.mock.heard).toBeDefined();
  });

  test("maintenance events, attributes and a rebalance that does not exist", async () => {
    const events: MockEvent[] = [];
    await using at = await stage({ onEvent: (event) => events.push(event) });
    const path = `${INSTANCE}/maintenance-event`;
    for (const [event, said] of [
      ["terminate", "TERMINATE_ON_HOST_MAINTENANCE"],
      ["migrate", "MIGRATE_ON_HOST_MAINTENANCE"],
      ["none", "NONE"],
    ]) {
      expect((await at.text(`/mock/maintenance?event=${event}`, POST))[0]).toBe(200);
      expect(await at.text(path)).toEqual([200, said]);
    }
    expect((await at.text("/mock/attribute?key=checkpoint&value=now", POST))[0]).toBe(200);
    expect(await at.text(`${INSTANCE}/attributes/checkpoint`)).toEqual([200, "now"]);
    expect((await at.text("/mock/attribute?key=a/b&value=now", POST))[0]).toBe(400);
    at.mock.rebalance();
    expect(events.at(-1)).toEqual({ kind: "not-done", what: "Google Cloud has no rebalance recommendation" });
    at.mock.clear();
    expect(await at.text(path)).toEqual([200, "NONE"]);
  });
});

describe("long polls", () => {
  const WAIT = `${PREEMPTED}?wait_for_change=true`;

  test("D09: one ends with the change, and the next one begins with its ETag", async () => {
    await using at = await stage();
    const first = await at.ask(PREEMPTED);
    const etag = first.headers.get("etag");
    expect(etag).toMatch(/^[0-9a-f]{16}$/);
    const waiting = at.ask(`${WAIT}&last_etag=${etag}`);
    await until(() => at.mock.requests.length === 2);
    at.mock.maintenance("MIGRATE_ON_HOST_MAINTENANCE");
    at.mock.preempt();
    const changed = await waiting;
    expect(await changed.text()).toBe("TRUE");
    expect(changed.headers.get("etag")).not.toBe(etag);
    expect(at.mock.heard).toEqual({ atMs: at.clock.now() });
  });

  test("D09: a change and its opposite between two polls are not missed", async () => {
    await using at = await stage();
    const etag = (await at.ask(PREEMPTED)).headers.get("etag");
    at.mock.preempt();
    at.mock.cancel();
    expect(await at.text(`${WAIT}&last_etag=${etag}`)).toEqual([200, "FALSE"]);
    expect(await at.text(`${WAIT}&last_etag=0`)).toEqual([200, "FALSE"]);
  });

  test("one ends unchanged when its time is over, and leaves no timer", async () => {
    await using at = await stage();
    const waiting = at.text(`${WAIT}&timeout_sec=60`);
    await until(() => at.clock.pending === 1);
    at.clock.advance(60_000);
    expect(await waiting).toEqual([200, "FALSE"]);
    expect(at.clock.pending).toBe(0);
    expect((await at.text(`${WAIT}&timeout_sec=soon`))[0]).toBe(400);
  });

  test("a whole folder can be waited for", async () => {
    await using at = await stage();
    const waiting = at.ask(`${INSTANCE}/?recursive=true&wait_for_change=true`);
    await until(() => at.mock.requests.length === 1);
    at.mock.setAttribute("stage", "two");
    expect(await (await waiting).json()).toMatchObject({ attributes: { stage: "two" } });
  });

  test("one whose client leaves is forgotten, and so are all when the server closes", async () => {
    const at = await stage();
    const leaving = new AbortController();
    const left = at.ask(`${WAIT}&timeout_sec=600`, { signal: leaving.signal }).catch(() => "left");
    const staying = at.ask(`${WAIT}&timeout_sec=600`).catch(() => "broken off");
    await until(() => at.clock.pending === 2);
    leaving.abort();
    expect(await left).toBe("left");
    await until(() => at.clock.pending === 1);
    await at.mock.close();
    expect(await staying).toBe("broken off");
    expect(at.clock.pending).toBe(0);
    expect(at.mock.requests.map(({ status }) => status)).toEqual([undefined, undefined]);
  });
});

/** As Google's documentation shows it: hang on the value and look at it again when it has changed. */
const PYTHON_LOOP = `
import os, urllib.request
root = "http://" + os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/preempted"
etag = "0"
while True:
    url = root + "?wait_for_change=true&timeout_sec=10&last_etag=" + etag
    request = urllib.request.Request(url, headers={"Metadata-Flavor": "Google"})
    with urllib.request.urlopen(request, timeout=15) as reply:
        etag, value = reply.headers["ETag"], reply.read().decode()
    print(value, flush=True)
    if value == "TRUE":
        break
`;

describe("somebody else's client", () => {
  test.skipIf(!HAS_PYTHON)("(needs python3) a loop that waits for the change hears it at once", async () => {
    const mock = await startGcpMetadataMock({ clock: systemClock });
    try {
      const running = promisify(execFile)("python3", ["-c", PYTHON_LOOP], {
        env: { ...process.env, ...mock.environment },
        timeout: 20_000,
      });
      await until(() => mock.requests.length === 2, "the loop to wait");
      mock.preempt();
      expect((await running).stdout).toBe("FALSE\nTRUE\n");
      expect(mock.requests).toHaveLength(2);
    } finally {
      await mock.close();
    }
  });
});

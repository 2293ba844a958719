import { describe, expect, test } from "vitest";
import { manualClock } from "../../../test/stages/manual-clock.ts";
import type { MockEvent } from "./machine-metadata.ts";
import { type MachineMetadataOptions, startMachineMetadata } from "./start-machine-metadata.ts";

/** How a client of each cloud asks for what its machine is and whether it goes. */
const CLIENTS = {
  aws: {
    headers: {},
    name: "/latest/meta-data/instance-id",
    zone: "/latest/meta-data/placement/availability-zone",
    notice: "/latest/meta-data/spot/instance-action",
    said: /"action":"stop"/,
  },
  gcp: {
    headers: { "metadata-flavor": "Google" },
    name: "/computeMetadata/v1/instance/name",
    zone: "/computeMetadata/v1/instance/zone",
    notice: "/computeMetadata/v1/instance/preempted",
    said: /TRUE/,
  },
  azure: {
    headers: { metadata: "true" },
    name: "/metadata/instance/compute/name?api-version=2021-02-01&format=text",
    zone: "/metadata/instance/compute/zone?api-version=2021-02-01&format=text",
    notice: "/metadata/scheduledevents?api-version=2020-07-01",
    said: /Preempt/,
  },
} as const;

async function stage(cloud: keyof typeof CLIENTS, options: Partial<MachineMetadataOptions> = {}) {
  const clock = manualClock();
  const events: MockEvent[] = [];
  const machine = { name: "left-1", zone: "b" };
  const metadata = await startMachineMetadata({
    cloud,
    clock,
    ...machine,
    onEvent: (event) => events.push(event),
    ...options,
  });
  const ask = (path: string) => fetch(`${metadata.url}${path}`, { headers: CLIENTS[cloud].headers });
  return {
    clock,
    events,
    metadata,
    ask,
    text: async (what: "name" | "zone" | "notice") => (await ask(CLIENTS[cloud][what])).text(),
    [Symbol.asyncDispose]: () => metadata.close(),
  };
}

describe.each(["aws", "gcp", "azure"] as const)("the metadata service of a machine of %s", (cloud) => {
  const { said } = CLIENTS[cloud];

  test("says where it is, and points clients to itself", async () => {
    await using at = await stage(cloud);
    const { environment, url, port } = at.metadata;
    expect(at.metadata.cloud).toBe(cloud);
    const known = [url, `${url}/`, `127.0.0.1:${port}`];
    expect(Object.values(environment).some((value) => known.includes(value))).toBe(true);
  });

  test("announces an end whose moment can be read, notes when it was heard, and takes it back", async () => {
    await using at = await stage(cloud);
    expect(await at.text("notice")).not.toMatch(said);
    const moment = at.metadata.announce({ action: "stop", leadMs: 40_000 });
    expect(Date.parse(moment) - at.clock.wallTime()).toBe(40_000);
    expect(at.metadata.heard).toBeUndefined();
    at.clock.advance(7000);
    expect(await at.text("notice")).toMatch(said);
    expect(at.metadata.heard).toEqual({ atMs: at.clock.now() });
    at.clock.advance(1000);
    await at.text("notice");
    expect(at.metadata.heard).toEqual({ atMs: at.clock.now() - 1000 });
    at.metadata.cancel();
    expect(await at.text("notice")).not.toMatch(said);
    expect(at.metadata.heard).toBeUndefined();
  });

  test("is another machine from then on: nothing announced, no fault, no plan, its clock set right", async () => {
    await using at = await stage(cloud);
    const [name, zone] = [await at.text("name"), await at.text("zone")];
    at.metadata.announce({ action: "stop", leadMs: 40_000 });
    at.metadata.announceAfter(1000, { action: "stop", leadMs: 40_000 });
    at.metadata.rebalanceAfter(1000);
    at.metadata.fault({ kind: "status", status: 500 });
    at.metadata.jumpClock(3_600_000);
    at.metadata.become({ name: "left-2", zone: "c" });
    expect(at.clock.pending).toBe(0);
    expect(await at.text("name")).not.toBe(name);
    expect(await at.text("zone")).not.toBe(zone);
    expect(await at.text("notice")).not.toMatch(said);
    expect((await at.ask(CLIENTS[cloud].name)).headers.get("date")).toBe("Fri, 02 Jan 2026 03:04:05 GMT");
    at.metadata.become({ name: "left-1", zone: "b" });
    expect([await at.text("name"), await at.text("zone")]).toEqual([name, zone]);
  });

  test("takes a planned fault as it is, for as long as the planner lets it", async () => {
    await using at = await stage(cloud);
    const undo = at.metadata.fault({ kind: "status", status: 503, on: "items" });
    expect((await at.ask(CLIENTS[cloud].name)).status).toBe(503);
    undo();
    expect((await at.ask(CLIENTS[cloud].name)).status).toBe(200);
  });

  test("a throttle refuses as this cloud does", async () => {
    await using at = await stage(cloud);
    at.metadata.fault({ kind: "throttle", perSecond: 0 });
    expect((await at.ask(CLIENTS[cloud].name)).status).toBe(cloud === "aws" ? 503 : 429);
  });

  test("recommends a rebalance, or says that this cloud has none", async () => {
    await using at = await stage(cloud);
    at.metadata.rebalance();
    expect(at.events.map(({ kind }) => kind)).toEqual([cloud === "aws" ? "announced" : "not-done"]);
  });

  test("its clock is as far ahead as asked for", async () => {
    await using at = await stage(cloud, { clockAheadMs: 60_000 });
    expect((await at.ask(CLIENTS[cloud].name)).headers.get("date")).toBe("Fri, 02 Jan 2026 03:05:05 GMT");
  });
});

test("D01: tokens of the machine before are invalid on the next one", async () => {
  await using at = await stage("aws", { tokens: "required" });
  const headers = { "x-aws-ec2-metadata-token-ttl-seconds": "60" };
  const reply = await fetch(`${at.metadata.url}/latest/api/token`, { method: "PUT", headers });
  const token = { "x-aws-ec2-metadata-token": await reply.text() };
  const status = async () =>
    (await fetch(`${at.metadata.url}/latest/meta-data/instance-id`, { headers: token })).status;
  expect(await status()).toBe(200);
  at.metadata.become({ name: "left-2", zone: "a" });
  expect(await status()).toBe(401);
});

test("ids are derived from the name and look as those of their cloud; an EC2 instance id stays", async () => {
  await using ec2 = await stage("aws");
  expect(await ec2.text("name")).toMatch(/^i-[0-9a-f]{17}$/);
  ec2.metadata.become({ name: "i-0123456789abcdef0", zone: "eu-west-1c" });
  expect(await ec2.text("name")).toBe("i-0123456789abcdef0");
  const document = await (await ec2.ask("/latest/dynamic/instance-identity/document")).json();
  expect(document).toMatchObject({ region: "eu-west-1", availabilityZone: "eu-west-1c" });
  expect(await (await ec2.ask("/latest/meta-data/placement/availability-zone-id")).text()).toBe("euw1-az3");
  await using gcp = await stage("gcp");
  expect(await (await gcp.ask("/computeMetadata/v1/instance/id")).text()).toMatch(/^\d{15,19}$/);
  await using azure = await stage("azure", { zone: "northeurope-2" });
  const compute = await (await azure.ask("/metadata/instance/compute?api-version=2021-02-01")).json();
  expect(compute).toMatchObject({
    name: "left-1",
    location: "northeurope",
    zone: "2",
    vmId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/),
  });
});

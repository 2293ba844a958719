import type { Clock } from "../../base/index.ts";

/** What kind of instance the mock pretends to be. */
export interface MockInstance {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly imageId: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly lifeCycle: "spot" | "on-demand";
}

/** An instance as the EC2 documentation might show it. */
export const EXAMPLE_INSTANCE: MockInstance = {
  instanceId: "i-0a1b2c3d4e5f60718",
  instanceType: "m7i.large",
  imageId: "ami-0a1b2c3d4e5f60718",
  region: "us-east-1",
  availabilityZone: "us-east-1a",
  lifeCycle: "spot",
};

/** Maintenance as `scheduleEvent` announces it. */
export interface MockScheduledEvent {
  readonly id: string;
  readonly code: string;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly description: string;
  readonly state: "active" | "completed" | "canceled";
}

/** Paths below `/latest/` that never change, with their replies. */
export function fixedItems(instance: MockInstance, clock: Clock): ReadonlyMap<string, string> {
  const { instanceId, instanceType, imageId, region, availabilityZone } = instance;
  const document = {
    accountId: "123456789012",
    architecture: "x86_64",
    availabilityZone,
    billingProducts: null,
    devpayProductCodes: null,
    marketplaceProductCodes: null,
    imageId,
    instanceId,
    instanceType,
    kernelId: null,
    pendingTime: isoSeconds(clock.wallTime()),
    privateIp: "10.0.0.10",
    ramdiskId: null,
    region,
    version: "2017-09-30",
  };
  return new Map([
    ["meta-data/ami-id", imageId],
    ["meta-data/events/maintenance/history", "[]"],
    ["meta-data/instance-action", "none"],
    ["meta-data/instance-id", instanceId],
    ["meta-data/instance-life-cycle", instance.lifeCycle],
    ["meta-data/instance-type", instanceType],
    ["meta-data/local-ipv4", "10.0.0.10"],
    ["meta-data/placement/availability-zone", availabilityZone],
    ["meta-data/placement/availability-zone-id", "use1-az1"],
    ["meta-data/placement/region", region],
    ["dynamic/instance-identity/document", JSON.stringify(document, null, 2)],
  ]);
}

/** The names directly below a path, folders with a slash at the end; undefined when nothing is below it. */
export function listing(paths: Iterable<string>, folder: string): string | undefined {
  const prefix = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(prefix) || path === prefix) continue;
    const [name = "", ...deeper] = path.slice(prefix.length).split("/");
    names.add(deeper.length === 0 ? name : `${name}/`);
  }
  return names.size === 0 ? undefined : [...names].sort().join("\n");
}

/** `2017-09-18T08:22:00Z`: as Spot notices write a moment, without milliseconds. */
export function isoSeconds(wallMs: number): string {
  return new Date(wallMs).toISOString().replace(/\.\d{3}Z$/, "Z");
}

/** `21 Jan 2019 09:00:43 GMT`: as scheduled events write a moment. */
export function eventDate(wallMs: number): string {
  return new Date(wallMs).toUTCString().replace(/^\w+, 0?/, "");
}

/** The array that `events/maintenance/scheduled` answers with. */
export function scheduledEventsBody(events: readonly MockScheduledEvent[]): string {
  const items = events.map(({ id, code, notBefore, notAfter, description, state }) => ({
    NotBefore: notBefore,
    Code: code,
    Description:
      state === "active"
        ? description
        : `[${state === "completed" ? "Completed" : "Canceled"}] ${description}`,
    EventId: id,
    NotAfter: notAfter,
    State: state,
  }));
  return JSON.stringify(items, null, 2);
}

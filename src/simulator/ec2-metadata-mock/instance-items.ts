import { SpotproofError } from "../../base/index.ts";
import { hexOf, zoneLetter } from "../metadata-mock/machine-identity.ts";
import type { MachineIdentity } from "../metadata-mock/machine-metadata.ts";

/** What kind of instance the mock pretends to be. */
export interface MockInstance {
  readonly instanceId: string;
  readonly instanceType: string;
  readonly imageId: string;
  readonly region: string;
  readonly availabilityZone: string;
  readonly lifeCycle: "spot" | "on-demand";
  /** The name of its IAM role; undefined: it has none, and everything below `iam/` is 404. */
  readonly role: string | undefined;
  /** Shown only while tags in metadata are enabled, as on EC2. */
  readonly tags: Readonly<Record<string, string>>;
  /** `placement/group-name`; undefined: 404. */
  readonly groupName: string | undefined;
  /** `placement/host-id`; undefined: 404. */
  readonly hostId: string | undefined;
  /** `placement/partition-number`; undefined: 404. */
  readonly partitionNumber: number | undefined;
}

/** An instance as the EC2 documentation might show it. */
export const EXAMPLE_INSTANCE: MockInstance = {
  instanceId: "i-0a1b2c3d4e5f60718",
  instanceType: "m7i.large",
  imageId: "ami-0a1b2c3d4e5f60718",
  region: "us-east-1",
  availabilityZone: "us-east-1a",
  lifeCycle: "spot",
  role: "spotproof-mock-role",
  tags: { Name: "spotproof-mock" },
  groupName: undefined,
  hostId: undefined,
  partitionNumber: undefined,
};

const PRIVATE_IP = "10.0.0.10";

/** What is particular to a machine of this name and zone. A zone that is no zone of EC2 is taken as it is, in the example's region. */
export function instanceOf({ name, zone }: MachineIdentity): Partial<MockInstance> {
  const letter = zoneLetter(zone);
  const availabilityZone = letter === undefined ? zone : `${EXAMPLE_INSTANCE.region}${letter}`;
  const isZone = /^[a-z]{2}(-[a-z]+)+-\d[a-z]$/.test(availabilityZone);
  return {
    instanceId: /^i-[0-9a-f]{8,17}$/.test(name) ? name : `i-0${hexOf("ec2 instance id", name, 16)}`,
    availabilityZone,
    region: isZone ? availabilityZone.slice(0, -1) : EXAMPLE_INSTANCE.region,
    tags: { Name: name },
  };
}

/**
 * Paths below `/latest/` that never change, with their replies.
 * @param launchedAt when the instance was launched, in the words of EC2
 */
export function fixedItems(instance: MockInstance, launchedAt: string): ReadonlyMap<string, string> {
  const { instanceId, instanceType, imageId, region, availabilityZone } = instance;
  const hostName = `ip-${PRIVATE_IP.replaceAll(".", "-")}.${region === "us-east-1" ? "ec2" : `${region}.compute`}.internal`;
  const optional = [
    ["meta-data/placement/group-name", instance.groupName],
    ["meta-data/placement/host-id", instance.hostId],
    ["meta-data/placement/partition-number", instance.partitionNumber?.toString()],
  ] as const;
  return new Map([
    ["meta-data/ami-id", imageId],
    ["meta-data/ami-launch-index", "0"],
    ["meta-data/hostname", hostName],
    // Another thing than `spot/instance-action`: whether the instance is to reboot for bundling.
    ["meta-data/instance-action", "none"],
    ["meta-data/instance-id", instanceId],
    ["meta-data/instance-life-cycle", instance.lifeCycle],
    ["meta-data/instance-type", instanceType],
    ["meta-data/local-hostname", hostName],
    ["meta-data/local-ipv4", PRIVATE_IP],
    ["meta-data/placement/availability-zone", availabilityZone],
    ["meta-data/placement/availability-zone-id", zoneId(availabilityZone)],
    ["meta-data/placement/region", region],
    ["meta-data/services/domain", "amazonaws.com"],
    ["meta-data/services/partition", "aws"],
    ["dynamic/instance-identity/document", identityDocument(instance, launchedAt)],
    ...optional.flatMap(([path, words]): [string, string][] => (words === undefined ? [] : [[path, words]])),
  ]);
}

/** EC2 user guide, "Instance identity documents". */
function identityDocument(instance: MockInstance, launchedAt: string): string {
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
    pendingTime: launchedAt,
    privateIp: PRIVATE_IP,
    ramdiskId: null,
    region,
    version: "2017-09-30",
  };
  return JSON.stringify(document, null, 2);
}

/** `use1-az1` for `us-east-1a`. On EC2 which letter is which zone differs by account. */
function zoneId(zone: string): string {
  const [, area = "us", direction = "east", number = "1", letter = "a"] =
    /^([a-z]{2}(?:-gov)?)-([a-z]+)-(\d)([a-z])$/.exec(zone) ?? [];
  const short = direction.replace(/north|south|east|west|central/g, (word) => word.charAt(0));
  return `${area.replace("-", "")}${short}${number}-az${letter.charCodeAt(0) - 96}`;
}

/**
 * The items of the tags, as they are while tags in metadata are enabled.
 * @throws SpotproofError `bad-usage` for a key that EC2 would refuse
 */
export function tagItems(tags: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(tags).map(([key, value]) => {
      if (!/^[\w+\-=.,:@]+$/.test(key) || [".", "..", "_index"].includes(key)) {
        throw new SpotproofError(
          "bad-usage",
          `tag "${key}": with tags in instance metadata a key has only letters, digits and + - = . , _ : @, and is not ".", ".." or "_index".`,
        );
      }
      return [`meta-data/tags/instance/${key}`, value];
    }),
  );
}

/** The names directly below a path, folders with a slash at the end; undefined when nothing is below it. */
export function listing(paths: Iterable<string>, folder: string): string | undefined {
  const prefix = folder === "" || folder.endsWith("/") ? folder : `${folder}/`;
  const names = new Set<string>();
  for (const path of paths) {
    if (!path.startsWith(prefix) || path === prefix) continue;
    const [name = "", ...deeper] = path.slice(prefix.length).split("/");
    // At the top EC2 writes no slashes.
    names.add(deeper.length === 0 || prefix === "" ? name : `${name}/`);
  }
  return names.size === 0 ? undefined : [...names].sort().join("\n");
}

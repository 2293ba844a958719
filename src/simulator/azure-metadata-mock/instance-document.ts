import { hexOf, zoneNumber } from "../metadata-mock/machine-identity.ts";
import type { MachineIdentity } from "../metadata-mock/machine-metadata.ts";

/** What kind of VM the mock pretends to be. */
export interface AzureMockInstance {
  readonly name: string;
  readonly vmId: string;
  readonly vmSize: string;
  readonly location: string;
  /** `1`, `2`, `3`, or empty. */
  readonly zone: string;
  readonly resourceGroupName: string;
  /** Empty: it belongs to no scale set. */
  readonly vmScaleSetName: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** A Spot VM as Microsoft's documentation might show it. */
export const EXAMPLE_AZURE_INSTANCE: AzureMockInstance = {
  name: "vm_0",
  vmId: "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
  vmSize: "Standard_D4s_v5",
  location: "westeurope",
  zone: "1",
  resourceGroupName: "spotproof-mock",
  vmScaleSetName: "",
  tags: {},
};

/** What is particular to a machine of this name and zone. */
export function azureInstanceOf({ name, zone }: MachineIdentity): Partial<AzureMockInstance> {
  const hex = hexOf("azure vm id", name, 32);
  const [, location, number] = /^([a-z0-9]+)-(\d)$/.exec(zone) ?? [];
  return {
    name,
    vmId: hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5"),
    location: location ?? EXAMPLE_AZURE_INSTANCE.location,
    zone: number ?? zoneNumber(zone) ?? zone,
  };
}

/** A part of the instance document: all values are texts, as Azure has it. */
export type DocumentNode = string | readonly DocumentNode[] | { readonly [name: string]: DocumentNode };

/** What `/metadata/instance` answers. The subscription is no one's. */
export function instanceDocument(instance: AzureMockInstance): DocumentNode {
  const { name, vmId, vmSize, location, zone, resourceGroupName, vmScaleSetName, tags } = instance;
  const subscriptionId = "00000000-0000-0000-0000-000000000000";
  return {
    compute: {
      azEnvironment: "AzurePublicCloud",
      evictionPolicy: "Delete",
      location,
      name,
      osType: "Linux",
      placementGroupId: "",
      platformFaultDomain: "0",
      platformUpdateDomain: "0",
      priority: "Spot",
      provider: "Microsoft.Compute",
      resourceGroupName,
      resourceId: `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroupName}/providers/Microsoft.Compute/virtualMachines/${name}`,
      subscriptionId,
      tags: Object.entries(tags)
        .map(([key, value]) => `${key}:${value}`)
        .join(";"),
      tagsList: Object.entries(tags).map(([key, value]) => ({ name: key, value })),
      vmId,
      vmScaleSetName,
      vmSize,
      zone,
    },
    network: {
      interface: [
        {
          ipv4: {
            ipAddress: [{ privateIpAddress: "10.1.0.10", publicIpAddress: "" }],
            subnet: [{ address: "10.1.0.0", prefix: "24" }],
          },
          ipv6: { ipAddress: [] },
          macAddress: "000D3A00000A",
        },
      ],
    },
  };
}

/** The node at a path; undefined when there is none. */
export function documentAt(root: DocumentNode, path: readonly string[]): DocumentNode | undefined {
  let node: DocumentNode | undefined = root;
  for (const name of path) {
    if (typeof node !== "object" || !Object.hasOwn(node, name)) return undefined;
    node = (node as Readonly<Record<string, DocumentNode>>)[name];
  }
  return node;
}

import { hexOf, zoneLetter } from "../metadata-mock/machine-identity.ts";
import type { MachineIdentity } from "../metadata-mock/machine-metadata.ts";
import type { MetadataFolder } from "./metadata-tree.ts";

/** What kind of VM the mock pretends to be. */
export interface GcpMockInstance {
  readonly name: string;
  /** Digits. */
  readonly id: string;
  /** `us-central1-a` */
  readonly zone: string;
  readonly machineType: string;
  readonly projectId: string;
  /** Digits. */
  readonly projectNumber: string;
  /** `instance/attributes/`: what the user has put there. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly preemptible: boolean;
}

/** A VM as Google's documentation might show it. */
export const EXAMPLE_GCP_INSTANCE: GcpMockInstance = {
  name: "spotproof-mock",
  id: "5131842916253427918",
  zone: "us-central1-a",
  machineType: "n2-standard-4",
  projectId: "spotproof-mock-project",
  projectNumber: "123456789012",
  attributes: {},
  tags: [],
  preemptible: true,
};

/** What is particular to a machine of this name and zone. */
export function gcpInstanceOf({ name, zone }: MachineIdentity): Partial<GcpMockInstance> {
  const letter = zoneLetter(zone);
  return {
    name,
    // 15 hexadecimal digits are at most 19 decimal ones, which is how long Google's ids are.
    id: BigInt(`0x${hexOf("gcp instance id", name, 15)}`).toString(),
    zone: letter === undefined ? zone : `us-central1-${letter}`,
  };
}

/** The whole tree of the metadata server, below `/`. */
export function instanceTree(instance: GcpMockInstance): MetadataFolder {
  const project = `projects/${instance.projectNumber}`;
  const email = `${instance.projectNumber}-compute@developer.gserviceaccount.com`;
  const account = {
    aliases: ["default"],
    email,
    scopes: ["https://www.googleapis.com/auth/cloud-platform"],
    token:
      '{"access_token":"ya29.spotproof-mock-token-that-no-service-accepts","expires_in":3599,"token_type":"Bearer"}',
  };
  const host = `${instance.name}.${instance.zone}.c.${instance.projectId}.internal`;
  return {
    computeMetadata: {
      v1: {
        instance: {
          attributes: instance.attributes,
          "cpu-platform": "Intel Ice Lake",
          description: "",
          disks: [
            {
              "device-name": "boot",
              index: 0,
              interface: "SCSI",
              mode: "READ_WRITE",
              type: "PERSISTENT-BALANCED",
            },
          ],
          hostname: host,
          id: BigInt(instance.id),
          image: "projects/debian-cloud/global/images/debian-12-bookworm-v20260114",
          "machine-type": `${project}/machineTypes/${instance.machineType}`,
          "maintenance-event": "NONE",
          name: instance.name,
          "network-interfaces": [{ ip: "10.128.0.10", mac: "42:01:0a:80:00:0a", mtu: 1460 }],
          preempted: "FALSE",
          scheduling: {
            "automatic-restart": instance.preemptible ? "FALSE" : "TRUE",
            "on-host-maintenance": instance.preemptible ? "TERMINATE" : "MIGRATE",
            preemptible: instance.preemptible ? "TRUE" : "FALSE",
          },
          "service-accounts": { [email]: account, default: account },
          tags: instance.tags,
          zone: `${project}/zones/${instance.zone}`,
        },
        project: {
          attributes: {},
          "numeric-project-id": BigInt(instance.projectNumber),
          "project-id": instance.projectId,
        },
        universe: { "universe-domain": "googleapis.com" },
      },
    },
  };
}

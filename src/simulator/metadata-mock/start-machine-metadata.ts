import { azureInstanceOf, startAzureMetadataMock } from "../azure-metadata-mock/index.ts";
import { instanceOf, startEc2MetadataMock } from "../ec2-metadata-mock/index.ts";
import { gcpInstanceOf, startGcpMetadataMock } from "../gcp-metadata-mock/index.ts";
import type { CloudName } from "../scenario/plan.ts";
import type { MachineIdentity } from "./machine-metadata.ts";
import type { MetadataMock, MetadataMockOptions } from "./metadata-mock.ts";

/** How the metadata service of one machine starts. */
export interface MachineMetadataOptions extends MetadataMockOptions, MachineIdentity {
  readonly cloud: CloudName;
  /** EC2 alone has them: `required`, a request without a token is answered 401. Default `optional`. */
  readonly tokens?: "required" | "optional" | undefined;
}

/**
 * Starts the metadata service that a machine of this cloud has, on its own port of loopback.
 * @throws SpotproofError `port-unavailable`
 */
export function startMachineMetadata(options: MachineMetadataOptions): Promise<MetadataMock> {
  const { cloud, name, zone, tokens, ...rest } = options;
  const machine = { name, zone };
  switch (cloud) {
    case "aws":
      return startEc2MetadataMock({ ...rest, imdsv2: tokens, instance: instanceOf(machine) });
    case "gcp":
      return startGcpMetadataMock({ ...rest, instance: gcpInstanceOf(machine) });
    case "azure":
      return startAzureMetadataMock({ ...rest, instance: azureInstanceOf(machine) });
    default:
      return cloud satisfies never;
  }
}

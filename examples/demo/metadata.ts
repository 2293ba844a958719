import { systemClock } from "../../src/base/index.ts";
import { startEc2MetadataMock } from "../../src/simulator/index.ts";

/** The EC2 metadata service of one machine: real HTTP on loopback, and nothing of EC2 behind it. */
export interface MetadataService {
  /** What `AWS_EC2_METADATA_SERVICE_ENDPOINT` takes. */
  readonly url: string;
  /** From now on it says that the machine is terminated in `leadMs`. Like EC2, it names whole seconds. */
  announceEnd(leadMs: number): void;
  close(): Promise<void>;
}

/** Starts the metadata service of a new machine. */
export async function startMetadataService(): Promise<MetadataService> {
  const mock = await startEc2MetadataMock({ clock: systemClock, imdsv2: "required" });
  return {
    url: mock.url,
    announceEnd: (leadMs) => {
      mock.interrupt({ action: "terminate", leadMs });
    },
    close: () => mock.close(),
  };
}

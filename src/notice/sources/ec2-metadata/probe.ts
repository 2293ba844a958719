import type { Clock } from "../../../base/index.ts";
import type {
  Ec2MetadataClient,
  Ec2MetadataSettings,
  MachineVendor,
  MetadataReply,
} from "../../../cloud/index.ts";
import { excerpt } from "./item.ts";

/** What is at the endpoint. */
export type ProbeResult =
  | { readonly kind: "ec2"; readonly instanceId: string; readonly detail: string }
  /** No EC2 metadata service, and nothing that says there should be one. */
  | { readonly kind: "absent"; readonly reason: string }
  /** There should be one, but it cannot be heard. */
  | { readonly kind: "blind"; readonly reason: string };

/** What the probe needs. */
export interface ProbeContext {
  readonly client: Ec2MetadataClient;
  readonly settings: Ec2MetadataSettings;
  readonly clock: Clock;
  readonly readVendor: () => Promise<MachineVendor>;
  readonly signal: AbortSignal;
}

/** For the whole probe (D03). */
const PROBE_MS = 1900;

const RAISE_HOP_LIMIT =
  "the token request gets no answer. In a container that is the usual sign of a hop limit of 1: set the " +
  "instance's HttpPutResponseHopLimit to 2, or give the container the network of its host";

/**
 * Looks who answers, within two seconds (D03), and believes that it is EC2 only when it has an instance id (D22).
 */
export async function probeEc2Metadata(context: ProbeContext): Promise<ProbeResult> {
  const { client, clock, settings, signal } = context;
  const limit = new AbortController();
  const timer = clock.after(PROBE_MS, () => limit.abort());
  const reply = await client.get("/latest/meta-data/instance-id", AbortSignal.any([limit.signal, signal]));
  timer.cancel();
  if (reply.kind === "ok") {
    const instanceId = reply.body.trim();
    if (/^i-[0-9a-f]{8,}$/.test(instanceId)) {
      return { kind: "ec2", instanceId, detail: listeningDetail(context, instanceId, reply.protocol) };
    }
    return notEc2(settings, `its instance-id is ${excerpt(reply.body)}`);
  }
  if (reply.kind === "absent") return notEc2(settings, "it knows no instance-id");
  const reason = `${settings.endpoint}: ${silenceReason(reply)}`;
  return (await shouldBeThere(context, reply)) ? { kind: "blind", reason } : { kind: "absent", reason };
}

/** Why nothing can be heard, and what the user can do. */
export function silenceReason(reply: Extract<MetadataReply, { kind: "refused" | "trouble" }>): string {
  if (reply.kind === "refused") {
    if (reply.status === 403) {
      return "it answers 403: the metadata service is switched off for this instance (HttpEndpoint: disabled), or something on the way forbids it";
    }
    if (reply.tokenTrouble === "timeout") return `it demands a token (401), but ${RAISE_HOP_LIMIT}`;
    return "it demands a token (401) and rejects or refuses those that it is asked for";
  }
  const timedOut = reply.what === "timeout" || reply.what === "aborted";
  if (timedOut && reply.tokenTrouble === "timeout") {
    return `nothing answers. Either a firewall is in the way, or ${RAISE_HOP_LIMIT}`;
  }
  return reply.what === "aborted" ? "nothing answered in time" : reply.detail;
}

function listeningDetail(
  { client, settings }: ProbeContext,
  instanceId: string,
  protocol: "v1" | "v2",
): string {
  const where = `${instanceId} at ${settings.endpoint}`;
  if (protocol === "v2") return where;
  return client.tokenTrouble === "timeout"
    ? `${where}, without tokens (IMDSv1): ${RAISE_HOP_LIMIT}`
    : `${where} (IMDSv1)`;
}

function notEc2(settings: Ec2MetadataSettings, why: string): ProbeResult {
  return {
    kind: "absent",
    reason: `what answers at ${settings.endpoint} is not the EC2 metadata service: ${why}`,
  };
}

/** Whether silence is trouble here, rather than the sign of another kind of machine. */
async function shouldBeThere(
  { settings, readVendor }: ProbeContext,
  reply: Extract<MetadataReply, { kind: "refused" | "trouble" }>,
): Promise<boolean> {
  if (settings.endpointConfigured) return true;
  // Nobody but the EC2 metadata service demands a token at this address.
  if (reply.kind === "refused" && reply.status === 401) return true;
  const vendor = await readVendor();
  if (vendor === "amazon") return true;
  const isOverloaded = reply.kind === "trouble" && (reply.status === 429 || reply.status === 503);
  return isOverloaded && vendor === "unknown";
}

import { backoffMs, type Clock, type Random, reasonOf } from "../../base/index.ts";
import {
  createEc2MetadataClient,
  type Ec2MetadataClient,
  type Ec2MetadataSettings,
  type MachineVendor,
  readMachineVendor,
} from "../../cloud/index.ts";
import type { NoticeSource, SourceReport } from "../notice-source.ts";
import { type MetadataItem, SOURCE_NAME, SPOT_LEAD_MS } from "./ec2-metadata/item.ts";
import { lifecycleItem } from "./ec2-metadata/lifecycle-item.ts";
import { probeEc2Metadata, type ProbeResult, silenceReason } from "./ec2-metadata/probe.ts";
import { rebalanceItem } from "./ec2-metadata/rebalance-item.ts";
import { scheduledEventsItem } from "./ec2-metadata/scheduled-events-item.ts";
import { createSightings, type Sightings } from "./ec2-metadata/sightings.ts";
import { spotItem } from "./ec2-metadata/spot-item.ts";

/** What `createEc2MetadataSource` needs. */
export interface Ec2MetadataSourceOptions {
  readonly settings: Ec2MetadataSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Time between two looks at the service, in ms. Default 2000 (AWS recommends 5000 or less). */
  readonly pollMs?: number | undefined;
  /** The lead assumed when an Auto Scaling group takes the instance out, in ms. Default 120,000. */
  readonly leaveGroupLeadMs?: number | undefined;
  /** For one request, in ms. Default 1000. */
  readonly requestTimeoutMs?: number | undefined;
  /** Who made this machine, asked only when the service cannot be heard. Default: what the firmware says. */
  readonly readVendor?: (() => Promise<MachineVendor>) | undefined;
}

/** No pause between two tries is longer than this, however long the trouble lasts: a notice leaves only 120 s. */
const LONGEST_PAUSE_MS = 10_000;

/** One failed round may be a glitch; the second one is reported. */
const DEAF_ROUNDS_UNTIL_BLIND = 2;

/**
 * Hears EC2 interruptions from the instance's metadata service: Spot notices, rebalance recommendations, scheduled events, and
 * being taken out of an Auto Scaling group. Where there is no such service it is `absent` within two seconds.
 */
export function createEc2MetadataSource(options: Ec2MetadataSourceOptions): NoticeSource {
  return {
    name: SOURCE_NAME,
    async watch(report, signal) {
      const { settings, clock, requestTimeoutMs } = options;
      const reportWhileWanted = (what: SourceReport): void => {
        if (!signal.aborted) report(what);
      };
      if (!settings.enabled) {
        reportWhileWanted({
          kind: "absent",
          source: SOURCE_NAME,
          reason: "switched off by AWS_EC2_METADATA_DISABLED",
        });
        return;
      }
      const client = createEc2MetadataClient({ settings, clock, requestTimeoutMs });
      try {
        await new Watch(options, client, reportWhileWanted, signal).run();
      } finally {
        client.close();
      }
    },
  };
}

/** How a round of looks ended. */
type Round = { readonly kind: "heard" } | { readonly kind: "deaf"; readonly reason: string };

/** One watch, from the probe to the abort. Never rejects, unless `report` throws. */
class Watch {
  readonly #options: Ec2MetadataSourceOptions;
  readonly #client: Ec2MetadataClient;
  readonly #report: (report: SourceReport) => void;
  readonly #signal: AbortSignal;
  readonly #items: readonly { readonly item: MetadataItem; readonly sightings: Sightings }[];
  readonly #remarks = new Map<string, string>();
  #isBlind = false;
  #deafRounds = 0;

  constructor(
    options: Ec2MetadataSourceOptions,
    client: Ec2MetadataClient,
    report: (report: SourceReport) => void,
    signal: AbortSignal,
  ) {
    this.#options = options;
    this.#client = client;
    this.#report = report;
    this.#signal = signal;
    const leaveGroup = lifecycleItem(options.leaveGroupLeadMs ?? SPOT_LEAD_MS);
    this.#items = [spotItem, rebalanceItem, leaveGroup, scheduledEventsItem].map((item) => ({
      item,
      sightings: createSightings(item.name),
    }));
  }

  async run(): Promise<void> {
    const found = await this.#find();
    if (found === undefined) return;
    this.#hear(found.detail);
    while (!this.#signal.aborted) {
      const round = await this.#round(found.instanceId);
      if (this.#signal.aborted) return;
      if (round.kind === "heard") {
        if (this.#isBlind) this.#hear(found.detail);
        this.#deafRounds = 0;
      } else {
        this.#deafRounds += 1;
        if (this.#deafRounds >= DEAF_ROUNDS_UNTIL_BLIND) this.#goBlind(round.reason);
      }
      await this.#pause();
    }
  }

  /** Undefined when there is nothing to watch, or when nobody wants to know any more. */
  async #find(): Promise<Extract<ProbeResult, { kind: "ec2" }> | undefined> {
    const { settings, clock, readVendor = readMachineVendor } = this.#options;
    while (!this.#signal.aborted) {
      const result = await probeEc2Metadata({
        client: this.#client,
        settings,
        clock,
        readVendor: () => readVendor(),
        signal: this.#signal,
      });
      if (result.kind === "ec2") return result;
      if (result.kind === "absent") {
        this.#report({ kind: "absent", source: SOURCE_NAME, reason: result.reason });
        return undefined;
      }
      if (!this.#signal.aborted) this.#goBlind(result.reason);
      this.#deafRounds += 1;
      await this.#pause();
    }
    return undefined;
  }

  /** The Spot item comes first and decides: a source that cannot read it is blind, whatever else it reads. */
  async #round(instanceId: string): Promise<Round> {
    let deaf: Round | undefined;
    for (const { item, sightings } of this.#items) {
      const look = await item
        .look({
          clock: this.#options.clock,
          instanceId,
          read: (path) => this.#client.get(path, this.#signal),
          known: (id) => sightings.known(id),
        })
        // Whatever was sent made us stumble: that is no reason to stop listening (I2).
        .catch(
          (error: unknown) => ({ kind: "unreadable", detail: `${item.name}: ${reasonOf(error)}` }) as const,
        );
      if (this.#signal.aborted) break;
      if (look.kind === "events") {
        for (const what of sightings.take(look)) this.#report(what);
        this.#remark(item, look.remark);
        continue;
      }
      const reason = look.kind === "unreadable" ? look.detail : silenceReason(look.reply);
      const endpoint = this.#options.settings.endpoint;
      if (item === spotItem) deaf = { kind: "deaf", reason: `${endpoint}: ${reason}` };
      else if (deaf === undefined) this.#remark(item, `${item.name} cannot be read: ${reason}`);
      // Where nobody answers, every further item would only wait as long in vain.
      if (look.kind === "failed" && look.reply.kind === "trouble" && look.reply.what !== "status") break;
    }
    return deaf ?? { kind: "heard" };
  }

  /** Tells a remark when it is new. */
  #remark(item: MetadataItem, remark: string | undefined): void {
    if (remark === this.#remarks.get(item.name)) return;
    if (remark === undefined) {
      this.#remarks.delete(item.name);
      return;
    }
    this.#remarks.set(item.name, remark);
    if (!this.#isBlind) this.#report({ kind: "listening", source: SOURCE_NAME, detail: remark });
  }

  #hear(detail: string): void {
    this.#isBlind = false;
    this.#deafRounds = 0;
    this.#report({ kind: "listening", source: SOURCE_NAME, detail });
  }

  #goBlind(reason: string): void {
    if (!this.#isBlind) this.#report({ kind: "blind", source: SOURCE_NAME, reason });
    this.#isBlind = true;
  }

  async #pause(): Promise<void> {
    const { clock, random, pollMs = 2000 } = this.#options;
    const longestMs = Math.max(pollMs, LONGEST_PAUSE_MS);
    const ms =
      this.#deafRounds === 0 ? pollMs : backoffMs({ firstMs: pollMs, longestMs }, this.#deafRounds, random);
    await clock.sleep(ms, this.#signal);
  }
}

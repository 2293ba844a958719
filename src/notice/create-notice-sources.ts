import type { Clock, Random } from "../base/index.ts";
import { readEc2MetadataSettings } from "../cloud/index.ts";
import type { NoticeSource } from "./notice-source.ts";
import { platformGrace } from "./platform-grace.ts";
import { createEc2MetadataSource } from "./sources/ec2-metadata-source.ts";
import { type SignalSourceOptions, createSignalSource } from "./sources/signal-source.ts";

/** What `createNoticeSources` needs. */
export interface NoticeSourcesOptions {
  /** Variables by name. They say where the metadata service is, and which platform runs this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Which signals announce the end of this process. */
  readonly signals: readonly NodeJS.Signals[];
  /** Begins to listen for a signal; gives the function that ends it. */
  readonly onSignal: SignalSourceOptions["on"];
  /** How long after a signal the process may be killed, in ms. Default: what the platform grants, see `platformGrace`. */
  readonly signalGraceMs?: number | undefined;
  /** Time between two looks at the metadata service, in ms. Default 2000. */
  readonly metadataPollMs?: number | undefined;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * All sources from which this process can hear that its machine is about to go away, for `watchSources`. A new kind of
 * source is added here and nowhere else.
 * @throws SpotproofError `bad-usage` that names the variable, when a value in the environment makes no sense
 */
export function createNoticeSources(options: NoticeSourcesOptions): readonly NoticeSource[] {
  const { environment, signals, onSignal: on, metadataPollMs: pollMs, clock, random } = options;
  const settings = readEc2MetadataSettings(environment);
  const graceMs = options.signalGraceMs ?? platformGrace(environment).graceMs;
  return [
    createSignalSource({ signals, graceMs, on, clock }),
    createEc2MetadataSource({ settings, clock, random, pollMs }),
  ];
}

import { seededRandom } from "../../src/base/index.ts";
import type { MachineVendor } from "../../src/cloud/index.ts";
import { createEc2MetadataSource, type Notice, type SourceReport } from "../../src/notice/index.ts";
import {
  type Ec2MetadataMock,
  type Ec2MetadataMockOptions,
  startEc2MetadataMock,
} from "../../src/simulator/index.ts";
import { type ManualClock, manualClock, until } from "./manual-clock.ts";

/** What a stage may be told. */
export interface MetadataStageOptions extends Partial<Ec2MetadataMockOptions> {
  /** Before the watch begins. */
  readonly prepare?: ((mock: Ec2MetadataMock, clock: ManualClock) => void) | undefined;
  /** As if the user had set the variable. Default false. */
  readonly endpointConfigured?: boolean | undefined;
  readonly v1Allowed?: boolean | undefined;
  readonly vendor?: MachineVendor | undefined;
  readonly leaveGroupLeadMs?: number | undefined;
  /** Instead of the mock's own address. */
  readonly endpoint?: string | undefined;
  readonly pollMs?: number | undefined;
}

/** A `Date` header leaves out up to a second, which the source takes off every deadline that it computes with one. */
export const DATE_FRACTION_MS = 1000;

/** A metadata service, a source that listens to it over a real socket, and a clock that stands still. */
export interface MetadataStage {
  readonly clock: ManualClock;
  readonly mock: Ec2MetadataMock;
  readonly reports: readonly SourceReport[];
  /** The notices among the reports. */
  notices(): readonly Notice[];
  /** The only notice so far; fails when there is none, or more than one. */
  onlyNotice(): Notice;
  /** How far ahead the deadline of the only notice is by now. */
  leadMs(): number;
  kinds(): readonly string[];
  /** Waits until the source rests between two rounds, or has ended. */
  rest(): Promise<void>;
  /** Moves the clock by `ms` (default: one poll) once the source rests, then waits until it rests again. */
  round(ms?: number): Promise<void>;
  readonly hasEnded: boolean;
  /** Ends the watch alone. */
  end(): Promise<void>;
  /** Ends the watch and the service. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Sets the stage; the source has begun to watch but may not have asked anything yet. */
export async function metadataStage(options: MetadataStageOptions = {}): Promise<MetadataStage> {
  const clock = manualClock();
  const mock = await startEc2MetadataMock({ clock, ...options });
  options.prepare?.(mock, clock);
  const pollMs = options.pollMs ?? 2000;
  const { endpointConfigured = false, v1Allowed = true, vendor = "other", leaveGroupLeadMs } = options;
  const source = createEc2MetadataSource({
    settings: { enabled: true, endpoint: options.endpoint ?? mock.url, endpointConfigured, v1Allowed },
    clock,
    random: seededRandom(1),
    pollMs,
    leaveGroupLeadMs,
    readVendor: () => Promise.resolve(vendor),
  });
  const reports: SourceReport[] = [];
  const end = new AbortController();
  let hasEnded = false;
  const watching = source
    .watch((report) => reports.push(report), end.signal)
    .finally(() => {
      hasEnded = true;
    });
  const rest = (): Promise<void> => until(() => hasEnded || clock.sleepers > 0, "the source to rest");
  const notices = (): readonly Notice[] =>
    reports.flatMap((report) => (report.kind === "noticed" ? [report.notice] : []));
  const onlyNotice = (): Notice => {
    const [notice, ...more] = notices();
    if (notice !== undefined && more.length === 0) return notice;
    throw new Error(`not exactly one notice: ${JSON.stringify(reports)}`);
  };
  return {
    clock,
    mock,
    reports,
    notices,
    onlyNotice,
    leadMs: () => (onlyNotice().deadline?.atMs ?? Number.NaN) - clock.now(),
    kinds: () => reports.map((report) => report.kind),
    rest,
    async round(ms = pollMs) {
      await rest();
      clock.advance(ms);
      // The sleeper wakes a moment after its timer has fired.
      await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      await rest();
    },
    get hasEnded() {
      return hasEnded;
    },
    async end() {
      end.abort();
      await watching;
    },
    async [Symbol.asyncDispose]() {
      end.abort();
      await watching;
      await mock.close();
    },
  };
}

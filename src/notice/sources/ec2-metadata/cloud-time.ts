import type { Clock, MonotonicMs } from "../../../base/index.ts";
import type { MetadataReply } from "../../../cloud/index.ts";

/** A reply with a body. */
export type GoodReply = Extract<MetadataReply, { kind: "ok" }>;

const ISO =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?$/i;
/** As in scheduled events: `21 Jan 2019 09:00:43 GMT`, also with a weekday in front. */
const WORDS = /^(?:[A-Za-z]{3},? +)?(\d{1,2} [A-Za-z]{3} \d{4} \d{2}:\d{2}:\d{2})(?: +(?:GMT|UTC|Z))?$/i;

/** Reads a moment as EC2 writes it, in ms since 1970. Without a zone it is UTC. Undefined when it is no moment. */
export function readCloudTime(text: string | undefined): number | undefined {
  const trimmed = text?.trim() ?? "";
  const iso = ISO.exec(trimmed);
  const words = WORDS.exec(trimmed);
  let normal: string | undefined;
  if (iso !== null) {
    const zone = iso[3] ?? "Z";
    normal = `${iso[1]}T${iso[2]}${/^[+-]/.test(zone) ? zone : "Z"}`;
  } else if (words !== null) {
    normal = `${words[1]} GMT`;
  }
  const ms = normal === undefined ? Number.NaN : Date.parse(normal);
  return Number.isNaN(ms) ? undefined : ms;
}

/** A `Date` header has whole seconds: the reply was written up to one later than it says. */
const DATE_RESOLUTION_MS = 1000;

/** How far a moment lies ahead, and by whose clock. */
export interface Lead {
  /** Milliseconds from `fromMs` to the moment; negative when it is over. */
  readonly leadMs: number;
  readonly fromMs: MonotonicMs;
  /** `service`: measured on the clock that wrote the moment. `local`: on this machine's, which may be wrong. */
  readonly by: "service" | "local";
}

/**
 * How far ahead a moment named in a reply is (D17). The service's clock wrote the moment, so the `Date` header of the same
 * reply is subtracted, and the difference counts from when the request was sent. Neither what the network took nor the part
 * of a second that the header leaves out is counted as time left, so the result is never too late. From there on only the
 * monotonic clock matters. Without a header the wall clock has to do.
 */
export function leadOf(momentMs: number, reply: GoodReply, clock: Clock): Lead {
  if (reply.serverDateMs !== undefined) {
    return {
      leadMs: momentMs - reply.serverDateMs - DATE_RESOLUTION_MS,
      fromMs: reply.sentAtMs,
      by: "service",
    };
  }
  return { leadMs: momentMs - clock.wallTime(), fromMs: clock.now(), by: "local" };
}

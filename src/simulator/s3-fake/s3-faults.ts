import { type Random, SpotproofError } from "../../base/index.ts";

/** What a request is, as it is counted and as faults are aimed. */
export const S3_REQUEST_KINDS = [
  "put",
  "get",
  "head",
  "delete",
  "list",
  "create-upload",
  "upload-part",
  "complete-upload",
  "abort-upload",
  "list-uploads",
  "head-bucket",
] as const;

/** The name of one kind of request. */
export type S3RequestKind = (typeof S3_REQUEST_KINDS)[number];

const FAULT_KINDS = [
  "answer",
  "reset",
  "hang",
  "slow",
  "torn",
  "damage",
  "web-page",
  "ignore-conditions",
] as const;

/** One way in which the fake misbehaves. Plain data. */
export interface S3Fault {
  /**
   * - `answer`: an error with `status` and `code`.
   * - `reset`: the connection breaks instead of an answer.
   * - `hang`: no answer comes.
   * - `slow`: the body of the answer comes in `pieces` pieces, `ms` apart; an answer without a body comes after `ms`.
   * - `torn`: the connection breaks in the middle of the body of the answer.
   * - `damage`: one bit of the body of the answer is wrong.
   * - `web-page`: 200 and a page of HTML, as from a proxy that wants a sign-in.
   * - `ignore-conditions`: the request is carried out as if it had no condition (K16).
   */
  readonly kind: (typeof FAULT_KINDS)[number];
  /** Default: every kind of request. */
  readonly on?: readonly S3RequestKind[] | undefined;
  /** Only requests with a condition. Default: all. */
  readonly conditional?: boolean | undefined;
  /** For `answer`: default 503. */
  readonly status?: number | undefined;
  /** For `answer`: S3's name of the error, default `SlowDown`. Empty: an error without a body. */
  readonly code?: string | undefined;
  /** For `answer`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For `answer`: it comes before the body of the request was read, and the connection is closed behind it. Default false. */
  readonly early?: boolean | undefined;
  /** For `answer`, `reset`, `hang` and `web-page`: what was asked for takes effect all the same. Default false. */
  readonly afterEffect?: boolean | undefined;
  /** For `slow`: default 10. */
  readonly ms?: number | undefined;
  /** For `slow`: default 10. */
  readonly pieces?: number | undefined;
  /** This share of the requests is befallen, 0 to 1. Default 1. */
  readonly share?: number | undefined;
  /** After so many it is over. Default: it stays. */
  readonly times?: number | undefined;
}

/** The faults that are set at present. */
export class S3Faults {
  readonly #random: Random;
  readonly #set = new Set<{ readonly fault: S3Fault; used: number }>();

  constructor(random: Random) {
    this.#random = random;
  }

  /**
   * Gives the function that takes the fault back.
   * @throws SpotproofError `bad-usage` when it is none
   */
  add(fault: S3Fault): () => void {
    if (!FAULT_KINDS.includes(fault.kind)) {
      throw new SpotproofError(
        "bad-usage",
        `"${fault.kind}" is no fault. There are: ${FAULT_KINDS.join(", ")}.`,
      );
    }
    const one = { fault, used: 0 };
    this.#set.add(one);
    return () => this.#set.delete(one);
  }

  clear(): void {
    this.#set.clear();
  }

  /** The first fault that befalls the request, counted as used. */
  befalling(kind: S3RequestKind, isConditional: boolean): S3Fault | undefined {
    for (const one of this.#set) {
      const { on, conditional, share = 1, times = Number.POSITIVE_INFINITY } = one.fault;
      const isAimed = (on?.includes(kind) ?? true) && (conditional !== true || isConditional);
      if (!isAimed || one.used >= times || this.#random.next() >= share) continue;
      one.used += 1;
      return one.fault;
    }
    return undefined;
  }
}

import { type Clock, ERRORS, type ErrorCode, SpotproofError, reasonOf } from "../../base/index.ts";
import type { NoticeSource, SourceReport } from "../../notice/index.ts";
import { callChannel } from "../../supervisor/index.ts";

/** How a program under `spotproof run` reaches it. */
export interface ChannelPlace {
  readonly socketPath: string | undefined;
  readonly url: string | undefined;
}

const SHORT_CALL_MS = 5000;
/** A save of gigabytes into a slow store; the supervisor has its own limits. */
const CHECKPOINT_LIMIT_MS = 24 * 3_600_000;
const POLL_MS = 500;
const SOURCE = "job-channel";

/** The job channel, as a program inside of it speaks it. */
export class Channel {
  readonly #place: ChannelPlace;
  readonly #clock: Clock;

  constructor(place: ChannelPlace, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  /**
   * Makes a checkpoint of the folder; resolves with its name when it is durable.
   * @throws SpotproofError `fenced-out`, `channel-unreachable`, or what made the save impossible
   */
  async checkpoint(): Promise<string> {
    const { status, body } = await this.#call("POST", "/checkpoint", CHECKPOINT_LIMIT_MS);
    const answer = parse(body);
    const { checkpoint } = answer;
    if (status === 200 && typeof checkpoint === "string") return checkpoint;
    const code = answer["error"];
    const message = typeof answer["message"] === "string" ? answer["message"] : body;
    if (status === 409) throw new SpotproofError("fenced-out", message);
    throw new SpotproofError(isCode(code) ? code : "channel-refused", message);
  }

  /** Tells how far the job is. @throws SpotproofError `channel-unreachable`, `channel-refused` */
  async progress(progress: object): Promise<void> {
    const { status, body } = await this.#call("POST", "/progress", SHORT_CALL_MS, JSON.stringify(progress));
    if (status !== 204)
      throw new SpotproofError("channel-refused", `Progress was answered with ${status}: ${body}`);
  }

  /**
   * Whether the supervisor saves the folder when this program has ended, because it has asked it to end or the machine is to go.
   * @throws SpotproofError `channel-unreachable`, `channel-refused`
   */
  async savesAtEnd(): Promise<boolean> {
    const { body } = await this.#call("GET", "/", SHORT_CALL_MS);
    const { savesAtEnd, phase, interruption } = parse(body);
    return savesAtEnd === true && (phase === "stopping" || interruption === "interrupted");
  }

  /** The supervisor as a source of notices: it has merged all that can be heard on this machine. */
  source(): NoticeSource {
    return {
      name: SOURCE,
      watch: async (report, signal) => {
        let heard = false;
        let blind = false;
        for (; !signal.aborted; await this.#clock.sleep(POLL_MS, signal)) {
          try {
            const { status, body } = await this.#call("GET", "/interruption", SHORT_CALL_MS);
            if (signal.aborted) return;
            if (blind) report({ kind: "listening", source: SOURCE, detail: "spotproof run" });
            blind = false;
            if (status === 200) report(this.#noticed(parse(body), body));
            else if (heard) report({ kind: "cleared", noticeId: SOURCE, reason: "taken back" });
            heard = status === 200;
          } catch (error) {
            if (!blind && !signal.aborted) report({ kind: "blind", source: SOURCE, reason: reasonOf(error) });
            blind = true;
          }
        }
      },
    };
  }

  #noticed(answer: Readonly<Record<string, unknown>>, raw: string): SourceReport {
    const { action, cause, remainingMs } = answer;
    const isKnown = typeof remainingMs === "number";
    return {
      kind: "noticed",
      notice: {
        id: SOURCE,
        source: SOURCE,
        kind: "interruption",
        action: (typeof action === "string" ? action : "terminate") as "terminate",
        cause: typeof cause === "string" ? cause : raw,
        ...(isKnown ? { deadline: { atMs: this.#clock.now() + remainingMs } } : {}),
        deadlineAssumed: !isKnown,
        raw: raw.slice(0, 4096),
      },
    };
  }

  #call(method: "GET" | "POST", path: string, limitMs: number, body?: string) {
    return callChannel(
      this.#place,
      { method, path, ...(body === undefined ? {} : { body }) },
      { clock: this.#clock, limitMs },
    );
  }
}

function parse(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new SpotproofError("channel-refused", `The answer is not JSON: ${body}`, { cause: error });
  }
  throw new SpotproofError("channel-refused", `The answer is no object: ${body}`);
}

function isCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && value in ERRORS;
}

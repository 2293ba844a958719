import { request } from "node:http";
import { type Clock, SpotproofError, reasonOf } from "../../base/index.ts";

/** How a program inside a job reaches the supervisor; from its environment. */
export interface ChannelAddress {
  readonly socketPath?: string | undefined;
  readonly url?: string | undefined;
}

/** An answer of the job channel. */
export interface ChannelAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * One call of the job channel.
 * @throws SpotproofError `channel-unreachable` when there is none or it does not answer within `limitMs`
 */
export function callChannel(
  address: ChannelAddress,
  call: { readonly method: "GET" | "POST"; readonly path: string; readonly body?: string },
  limits: { readonly clock: Clock; readonly limitMs: number },
): Promise<ChannelAnswer> {
  const target = targetOf(address, call.path);
  return new Promise((resolve, reject) => {
    const fail = (reason: string, cause?: unknown): void => {
      timer.cancel();
      outgoing.destroy();
      reject(new SpotproofError("channel-unreachable", `${target.name}: ${reason}`, { cause }));
    };
    const outgoing = request({ ...target.options, method: call.method, agent: false }, (incoming) => {
      const pieces: Buffer[] = [];
      incoming.on("data", (piece: Buffer) => pieces.push(piece));
      incoming.on("error", (error) => fail(reasonOf(error), error));
      incoming.on("end", () => {
        timer.cancel();
        resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(pieces).toString("utf8") });
      });
    });
    const timer = limits.clock.after(limits.limitMs, () =>
      fail(`no answer within ${limits.limitMs / 1000} s`),
    );
    outgoing.on("error", (error) => fail(reasonOf(error), error));
    outgoing.end(call.body);
  });
}

function targetOf(address: ChannelAddress, path: string) {
  if (address.socketPath !== undefined && address.socketPath !== "") {
    return { name: address.socketPath, options: { socketPath: address.socketPath, path, host: "job" } };
  }
  if (address.url === undefined || !URL.canParse(address.url)) {
    throw new SpotproofError(
      "channel-unreachable",
      "Neither SPOTPROOF_SOCKET nor SPOTPROOF_URL is set here.",
    );
  }
  const url = new URL(address.url);
  const name = `${url.protocol}//${url.host}`;
  return {
    name,
    options: { host: url.hostname, port: url.port, path: `${url.pathname.replace(/\/$/, "")}${path}` },
  };
}

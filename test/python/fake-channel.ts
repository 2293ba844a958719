import { type Server, createServer } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** What a call is answered with; "silence" never answers. */
export type FakeAnswer = { readonly status: number; readonly body?: unknown } | "silence";

/** A job channel that answers what a test says. */
export interface FakeChannel {
  readonly environment: Readonly<Record<string, string>>;
  /** `POST /progress {"done":1}`, in the order in which they came. */
  readonly calls: readonly string[];
  /** Sets the answer to `GET /interruption` and such. */
  answer(call: string, answer: FakeAnswer): void;
  close(): Promise<void>;
}

/** An interruption with two minutes left. */
export const ANNOUNCED = {
  status: 200,
  body: {
    action: "terminate",
    time: "2026-01-02T03:04:05Z",
    remainingMs: 120_000,
    source: "ec2-metadata",
    cause: "said so",
  },
} as const;

/** Opens one on a socket in a folder; on a port of loopback too, as `url`. */
export async function openFakeChannel(
  folder: string,
  where: "socket" | "url" = "socket",
): Promise<FakeChannel> {
  const calls: string[] = [];
  const answers = new Map<string, FakeAnswer>([
    ["GET /interruption", { status: 404 }],
    ["POST /progress", { status: 204 }],
    ["POST /checkpoint", { status: 200, body: { checkpoint: "000001-000007", durable: true, pausedMs: 1 } }],
  ]);
  const server: Server = createServer((request, response) => {
    void text(request).then((body) => {
      const call = `${request.method} ${(request.url ?? "").replace("/secret/", "/")}`;
      calls.push(body === "" ? call : `${call} ${body}`);
      const answer = answers.get(call) ?? { status: 404 };
      if (answer === "silence") return;
      response.writeHead(answer.status);
      response.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
    });
  });
  const path = join(folder, "job.sock");
  await new Promise<void>((resolve) =>
    where === "socket" ? server.listen(path, resolve) : server.listen(0, "127.0.0.1", resolve),
  );
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    environment:
      where === "socket" ? { SPOTPROOF_SOCKET: path } : { SPOTPROOF_URL: `http://127.0.0.1:${port}/secret` },
    calls,
    answer: (call, answer) => void answers.set(call, answer),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

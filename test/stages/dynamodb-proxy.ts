import { type IncomingMessage, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the proxy sees it. */
export interface SeenRequest {
  /** Such as `PutItem`. */
  readonly operation: string;
  /** 1, 2, 3 …: among all requests, and among those of this operation. */
  readonly number: number;
  readonly numberOfOperation: number;
  readonly body: string;
}

/** What is done to one request. */
export type Fault =
  /** The server answers so and does nothing. `type`: the name of a DynamoDB error. */
  | { readonly kind: "refuse"; readonly status: number; readonly type: string; readonly more?: object }
  /** The request takes effect, and its answer is lost: by a reset, an HTTP 500 or half an answer. */
  | { readonly kind: "lose-answer"; readonly by: "reset" | "500" | "torn" }
  /** The connection breaks before anything has happened. */
  | { readonly kind: "reset" }
  /** No answer ever. */
  | { readonly kind: "hang" }
  /** The request takes effect when the promise has resolved. */
  | { readonly kind: "wait"; readonly until: Promise<unknown> };

/** A DynamoDB endpoint before another one, over a real socket. */
export interface DynamoDbProxy {
  readonly url: string;
  /** Decides about each request. Undefined: pass it on. */
  fault: (seen: SeenRequest) => Fault | undefined;
  /** Added to the `Date` of every answer. */
  dateOffsetMs: number;
  /** The operations so far, in order. */
  readonly operations: string[];
  /** Resolves when everything that was received has taken its effect, also what nobody waits for any more. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts a proxy in front of moto. It passes on one request at a time: moto undoes a refused transaction by putting the whole
 * table back as it was before, and would undo what others wrote meanwhile.
 */
export async function startDynamoDbProxy(target: string): Promise<DynamoDbProxy> {
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };
  const underWay = new Set<Promise<unknown>>();
  const server = createServer((incoming, response) => {
    const handling = handle(incoming, response)
      .catch(() => response.destroy())
      .finally(() => underWay.delete(handling));
    underWay.add(handling);
  });
  const proxy: DynamoDbProxy = {
    url: "",
    fault: () => undefined,
    dateOffsetMs: 0,
    operations: [],
    quiet: async () => {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(incoming);
    const operation = String(incoming.headers["x-amz-target"]).split(".")[1] ?? "";
    proxy.operations.push(operation);
    const numberOfOperation = proxy.operations.filter((each) => each === operation).length;
    const number = proxy.operations.length;
    const fault = proxy.fault({ operation, number, numberOfOperation, body: body.toString() });
    response.setHeader("date", new Date(Date.now() + proxy.dateOffsetMs).toUTCString());
    if (fault?.kind === "hang") return;
    if (fault?.kind === "reset") {
      incoming.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === "refuse") return sendError(response, fault.status, fault.type, fault.more);
    if (fault?.kind === "wait") await fault.until;
    const answer = await inTurn(() => passOn(target, incoming, body));
    if (fault?.kind === "lose-answer") return loseAnswer(incoming, response, answer, fault.by);
    sendAnswer(response, answer);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(proxy, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

function passOn(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const passed = request(
      target,
      { method: "POST", headers: { ...incoming.headers, connection: "close" } },
      (response) => {
        readAll(response).then(
          (answer) =>
            resolve({ status: response.statusCode ?? 500, headers: response.headers, body: answer }),
          reject,
        );
      },
    );
    passed.once("error", reject);
    passed.end(body);
  });
}

function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  response.statusCode = status;
  const { "content-type": type, "x-amz-crc32": checksum } = headers;
  if (type !== undefined) response.setHeader("content-type", type);
  if (checksum !== undefined) response.setHeader("x-amz-crc32", checksum);
  response.end(body);
}

function loseAnswer(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  by: "reset" | "500" | "torn",
): void {
  if (by === "500") return sendError(response, 500, "InternalServerError");
  if (by === "reset") {
    incoming.socket.resetAndDestroy();
    return;
  }
  response.writeHead(answer.status, { "content-length": answer.body.length + 100 });
  response.write(answer.body, () => incoming.socket.destroy());
}

function sendError(response: ServerResponse, status: number, type: string, more: object = {}): void {
  response.statusCode = status;
  response.setHeader("content-type", "application/x-amz-json-1.0");
  const message = `as the test wants it: ${type}`;
  response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${type}`, message, ...more }));
}

async function readAll(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks);
}

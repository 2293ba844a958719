import { randomBytes } from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Clock } from "../../base/index.ts";
import type { S3Fault } from "./s3-faults.ts";

/** What is sent back. */
export interface S3Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | string | undefined;
}

/** The names of errors and their status: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html. */
const STATUS_OF = {
  AccessDenied: 403,
  BadDigest: 400,
  InvalidPart: 400,
  InvalidRange: 416,
  InvalidRequest: 400,
  MethodNotAllowed: 405,
  NoSuchBucket: 404,
  NoSuchKey: 404,
  NoSuchUpload: 404,
  NotImplemented: 501,
  PermanentRedirect: 301,
  PreconditionFailed: 412,
  ConditionalRequestConflict: 409,
  XAmzContentSHA256Mismatch: 400,
} as const;

/** An error that the fake's own logic answers with. */
export type S3ErrorCode = keyof typeof STATUS_OF;

export function errorReply(code: S3ErrorCode, headers?: Readonly<Record<string, string>>): S3Reply {
  return codedReply(STATUS_OF[code], code, headers);
}

export function codedReply(
  status: number,
  code: string,
  headers?: Readonly<Record<string, string>>,
): S3Reply {
  const message = `This is what the fake says for ${code}.`;
  const body = code === "" ? "" : xml("Error", { Code: code, Message: message, RequestId: "in-the-header" });
  return { status, headers: { "content-type": "application/xml", ...headers }, body };
}

/** An element of XML: text, or elements, of which a list stands for repeated ones. */
export type XmlContent =
  | string
  | number
  | boolean
  | undefined
  | { readonly [name: string]: XmlContent | readonly XmlContent[] };

/** A document with one root. */
export function xml(root: string, content: XmlContent): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, content)}`;
}

function element(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (typeof content !== "object") return `<${name}>${escaped(String(content))}</${name}>`;
  const inner = Object.entries(content)
    .flatMap(([child, value]) =>
      Array.isArray(value)
        ? (value as readonly XmlContent[]).map((one) => element(child, one))
        : [element(child, value as XmlContent)],
    )
    .join("");
  return `<${name}>${inner}</${name}>`;
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}

const WEB_PAGE =
  "<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>";

/** Sends a reply as S3 would, or as the fault has it. `isHead`: the body is only announced. */
export function sendS3Reply(
  response: ServerResponse,
  reply: S3Reply,
  {
    fault,
    clock,
    wallTime,
    isHead,
  }: { fault: S3Fault | undefined; clock: Clock; wallTime: number; isHead: boolean },
): void {
  if (fault?.kind === "reset") {
    response.socket?.resetAndDestroy();
    return;
  }
  if (fault?.kind === "hang") return;
  const sent =
    fault?.kind === "web-page"
      ? { status: 200, headers: { "content-type": "text/html" }, body: WEB_PAGE }
      : reply;
  let body = Buffer.isBuffer(sent.body) ? sent.body : Buffer.from(sent.body ?? "");
  if (fault?.kind === "damage" && body.length > 0) {
    body = Buffer.from(body);
    body.writeUInt8((body[body.length >> 1] ?? 0) ^ 1, body.length >> 1);
  }
  response.sendDate = false;
  response.writeHead(sent.status, {
    server: "AmazonS3",
    date: new Date(wallTime).toUTCString(),
    "x-amz-request-id": randomBytes(8).toString("hex").toUpperCase(),
    "content-length": String(body.length),
    ...sent.headers,
  });
  if (isHead) response.end();
  else if (fault?.kind === "torn") {
    response.write(body.subarray(0, body.length >> 1), () => response.socket?.destroy());
  } else if (fault?.kind === "slow") sendSlowly(response, body, fault, clock);
  else response.end(body);
}

function sendSlowly(
  response: ServerResponse,
  body: Buffer,
  { ms = 10, pieces = 10 }: S3Fault,
  clock: Clock,
): void {
  const step = Math.max(1, Math.ceil(body.length / pieces));
  const send = (at: number): void => {
    if (response.destroyed) return;
    if (at >= body.length) response.end();
    else {
      response.write(body.subarray(at, at + step));
      clock.after(ms, () => send(at + step));
    }
  };
  clock.after(ms, () => send(0));
}

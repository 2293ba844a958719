import type { IncomingMessage } from "node:http";
import type { S3RequestKind } from "./s3-faults.ts";

/** A request, taken apart. */
export interface S3Request {
  readonly kind: S3RequestKind | "unknown";
  readonly bucket: string;
  /** Empty for requests about the bucket. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

/** Reads what a request says before its body. A bucket is named in the path, or by the host in front of `.localhost`. */
export function readS3Head(message: IncomingMessage): Omit<S3Request, "body"> {
  const { pathname, searchParams } = new URL(message.url ?? "/", "http://fake");
  const hostBucket = /^(.+)\.localhost(:\d+)?$/.exec(message.headers.host ?? "")?.[1];
  const [first = "", ...rest] = pathname.slice(1).split("/");
  const bucket = hostBucket ?? decodeURIComponent(first);
  const key = decodeURIComponent(hostBucket === undefined ? rest.join("/") : pathname.slice(1));
  const kind = kindOf(message.method ?? "", key, searchParams);
  const headers = message.headers as Readonly<Record<string, string | undefined>>;
  return { kind, bucket, key, query: searchParams, headers };
}

function kindOf(method: string, key: string, query: URLSearchParams): S3Request["kind"] {
  if (key === "") {
    if (method === "GET") return query.has("uploads") ? "list-uploads" : "list";
    return method === "HEAD" ? "head-bucket" : "unknown";
  }
  if (method === "POST" && query.has("uploads")) return "create-upload";
  if (query.has("uploadId")) {
    const kinds: Readonly<Record<string, S3RequestKind>> = {
      PUT: "upload-part",
      POST: "complete-upload",
      DELETE: "abort-upload",
    };
    return kinds[method] ?? "unknown";
  }
  const kinds: Readonly<Record<string, S3RequestKind>> = {
    PUT: "put",
    GET: "get",
    HEAD: "head",
    DELETE: "delete",
  };
  return kinds[method] ?? "unknown";
}

/** Reads the body of a request to its end. */
export async function readBody(message: IncomingMessage): Promise<Buffer> {
  const announced = Number(message.headers["content-length"] ?? "NaN");
  if (!Number.isInteger(announced)) {
    const pieces: Buffer[] = [];
    for await (const piece of message) pieces.push(piece as Buffer);
    return Buffer.concat(pieces);
  }
  const body = Buffer.allocUnsafeSlow(announced);
  let filled = 0;
  return new Promise((resolve, reject) => {
    message.on("data", (piece: Buffer) => {
      filled += piece.copy(body, filled);
    });
    message.on("end", () => resolve(body.subarray(0, filled)));
    message.on("error", reject);
    message.on("close", () => reject(new Error("the request broke off")));
  });
}

/** The bytes of a body whose chunks the client framed: `<hex size>;…\r\n<bytes>\r\n`, up to a chunk of none. */
export function unframed({ body, headers }: S3Request): Buffer {
  const isFramed =
    headers["content-encoding"]?.includes("aws-chunked") === true ||
    headers["x-amz-content-sha256"]?.startsWith("STREAMING-") === true;
  if (!isFramed) return body;
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf("\r\n", at);
    const size = Number.parseInt(body.toString("latin1", at, lineEnd), 16);
    if (!(size > 0)) return Buffer.concat(pieces);
    pieces.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 2 + size + 2;
  }
}

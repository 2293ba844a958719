import { Readable } from "node:stream";
import type {
  $Command,
  S3Client,
  S3ClientConfig,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes,
} from "@aws-sdk/client-s3";
import type { Clock, Random, SpotproofError } from "../../base/index.ts";
import { loadS3 } from "../../cloud/index.ts";
import { abortable } from "../abortable.ts";
import { readTrouble, type S3Trouble } from "./s3-answer.ts";
import { asS3Error, implausible, type S3Operation } from "./s3-errors.ts";
import type { S3Limits } from "./s3-limits.ts";
import type { S3Location } from "./s3-location.ts";

/** Access keys, for who does not want those that the AWS settings of the machine lead to. */
export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** What a connection is made of. */
export interface S3ConnectionOptions {
  readonly location: S3Location;
  /** Instead of the region of the location. */
  readonly region: string | undefined;
  readonly credentials: S3Credentials | undefined;
  readonly maxConnections: number;
  readonly limits: S3Limits;
  readonly clock: Clock;
  readonly random: Random;
}

/** One request, as messages and rights see it. */
export interface S3Call extends Pick<S3Operation, "what" | "right" | "writes"> {
  readonly signal: AbortSignal | undefined;
  /** Sent along, and signed. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Shown the headers of the answer, their names in small letters. */
  readonly onAnswer?: ((headers: Readonly<Record<string, string | undefined>>) => void) | undefined;
}

type S3Sdk = Awaited<ReturnType<typeof loadS3>>;
type S3Command<Input extends ServiceInputTypes, Output extends ServiceOutputTypes> = $Command<
  Input,
  Output,
  S3ClientResolvedConfig,
  ServiceInputTypes,
  ServiceOutputTypes
>;

/** Servers close connections on which nothing was asked for some time; a request on such a one would be lost. */
const IDLE_CONNECTION_MS = 8_000;
/** What is under way when the store is closed may still take so long. */
const LAST_REQUESTS_MS = 5_000;
/** Answers with the region of every bucket, if only in an error. */
const FALLBACK_REGION = "us-east-1";

const SILENT = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** Speaks to one bucket. Repeats nothing, but for a request that was refused only because this machine's clock is wrong. */
export class S3Connection {
  readonly sdk: S3Sdk;
  readonly options: S3ConnectionOptions;
  readonly region: string;
  readonly place: string;
  /** Whether what was asked so far went unencrypted to another machine: then contents are signed, too. */
  isExposed = false;
  readonly #client: S3Client;
  readonly #background = new Set<Promise<void>>();

  private constructor(sdk: S3Sdk, client: S3Client, region: string, options: S3ConnectionOptions) {
    this.sdk = sdk;
    this.options = options;
    this.region = region;
    const { bucket, prefix, endpoint } = options.location;
    this.place = `s3://${bucket}/${prefix}`.replace(/\/$/, "");
    if (endpoint !== undefined) this.place += ` at ${new URL(endpoint).host}`;
    this.#client = client;
    client.middlewareStack.add(
      (next) => (args) => {
        const { protocol, hostname } = args.request as {
          readonly protocol: string;
          readonly hostname: string;
        };
        if (protocol === "http:" && !isThisMachine(hostname)) this.isExposed = true;
        return next(args);
      },
      { step: "finalizeRequest", name: "spotproofSeesEndpoint" },
    );
  }

  /** Loads the SDK and finds the region. Asks nothing over the network but what the credentials' settings lead to. */
  static async open(options: S3ConnectionOptions): Promise<S3Connection> {
    const sdk = await loadS3();
    const region = options.region ?? options.location.region;
    const client = new sdk.S3Client(configure(options, region));
    const configured = await client.config.region().catch(() => undefined);
    if (configured !== undefined) return new S3Connection(sdk, client, configured, options);
    client.destroy();
    const anywhere = new sdk.S3Client(configure(options, FALLBACK_REGION));
    return new S3Connection(sdk, anywhere, FALLBACK_REGION, options);
  }

  /**
   * Sends a request. `expected` may make a result of an answer that is an error to the SDK.
   * @throws SpotproofError, or the reason of the signal
   */
  async ask<Input extends ServiceInputTypes, Output extends ServiceOutputTypes, Expected = never>(
    command: S3Command<Input, Output>,
    call: S3Call,
    expected: (trouble: S3Trouble) => Expected | undefined = () => undefined,
  ): Promise<Output | Expected> {
    command.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { readonly headers: Record<string, string> }).headers, call.headers);
        return next(args);
      },
      { step: "build", name: "spotproofHeaders" },
    );
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        call.onAnswer?.((result.response as { readonly headers: Record<string, string> }).headers);
        return result;
      },
      { step: "deserialize", name: "spotproofSeesHeaders" },
    );
    try {
      return await this.#send(command, call);
    } catch (error) {
      if (call.signal?.aborted === true) throw call.signal.reason;
      const result = expected(readTrouble(error));
      if (result !== undefined) return result;
      throw this.explain(error, call);
    }
  }

  /** The error that tells what the SDK threw. */
  explain(error: unknown, call: S3Call): SpotproofError {
    return asS3Error(error, this.#operation(call));
  }

  /** The error for an answer that cannot be one of S3. */
  implausible(call: S3Call, why: string, cause?: unknown): SpotproofError {
    return implausible(this.#operation(call), why, cause);
  }

  /** Lets work go on that nobody waits for. Its failure must be harmless. */
  inBackground(work: Promise<unknown>): void {
    const done: Promise<void> = work.then(
      () => undefined,
      () => undefined,
    );
    this.#background.add(done);
    void done.finally(() => this.#background.delete(done));
  }

  /** Gives what goes on in the background a few seconds, then closes the connections. */
  async close(): Promise<void> {
    const enough = new AbortController();
    const all = Promise.all(this.#background).finally(() => enough.abort());
    await Promise.race([all, this.options.clock.sleep(LAST_REQUESTS_MS, enough.signal)]);
    this.#client.destroy();
  }

  async #send<Input extends ServiceInputTypes, Output extends ServiceOutputTypes>(
    command: S3Command<Input, Output>,
    call: S3Call,
  ): Promise<Output> {
    const send = (): Promise<Output> =>
      abortable(call.signal, () =>
        this.#client.send(command, call.signal === undefined ? {} : { abortSignal: call.signal }),
      );
    try {
      return await send();
    } catch (error) {
      // By now the SDK has set its clock by the answer. What was refused so did not take effect.
      const wasSkewed = readTrouble(error).code === "RequestTimeTooSkewed";
      const isSpent = "Body" in command.input && command.input.Body instanceof Readable;
      if (!wasSkewed || isSpent) throw error;
      return send();
    }
  }

  #operation({ what, right, writes }: S3Call): S3Operation {
    const encrypts = this.options.location.kmsKey !== undefined;
    return { place: this.place, what, right, writes, region: this.region, encrypts };
  }
}

function configure(options: S3ConnectionOptions, region: string | undefined): S3ClientConfig {
  const { location, credentials, maxConnections, limits } = options;
  const agent = { keepAlive: true, maxSockets: maxConnections, timeout: IDLE_CONNECTION_MS };
  return {
    maxAttempts: 1,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // Else every larger body goes over a connection of its own, beyond the limit of connections.
    expectContinueHeader: false,
    forcePathStyle: location.pathStyle,
    followRegionRedirects: false,
    logger: SILENT,
    requestHandler: {
      connectionTimeout: limits.connectMs,
      socketTimeout: limits.silenceMs,
      httpAgent: agent,
      httpsAgent: agent,
      logger: SILENT,
    },
    ...(region === undefined ? {} : { region }),
    ...(location.endpoint === undefined ? {} : { endpoint: location.endpoint }),
    ...(location.profile === undefined ? {} : { profile: location.profile }),
    ...(credentials === undefined ? {} : { credentials: withoutUndefined(credentials) }),
  };
}

function withoutUndefined({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials) {
  return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
}

function isThisMachine(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[?::1\]?)$/.test(hostname);
}

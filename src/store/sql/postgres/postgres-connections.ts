import type { Clock } from "../../../base/index.ts";
import { abortable } from "../../abortable.ts";
import type { RunOptions } from "../sql-executor.ts";
import { Places } from "./places.ts";
import type { PostgresClient } from "./postgres-driver.ts";
import { SESSION_SETTINGS } from "./session-settings.ts";

/** How many at most: the packs of a save go up side by side, and a server has a hundred for everybody. */
const MAX_CONNECTIONS = 4;
/** One that nobody used for longer may have been forgotten by something between here and there. */
const MAX_IDLE_MS = 60_000;
/** How long the goodbye may take; it is a courtesy. */
const CLOSE_MS = 2_000;

interface IdleConnection {
  readonly client: PostgresClient;
  readonly sinceMs: number;
}

/** A few connections, used again after a success and never after anything else. */
export class PostgresConnections {
  readonly #connect: () => PostgresClient;
  readonly #clock: Clock;
  #idle: IdleConnection[] = [];
  readonly #places = new Places(MAX_CONNECTIONS);
  readonly #bulkPlaces = new Places(MAX_CONNECTIONS - 1);

  constructor(connect: () => PostgresClient, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /**
   * Does work with a connection of its own, as soon as one is free. An aborted signal rejects at once, and ends the
   * connection: nobody knows what it is doing. Bulk leaves one connection to the others, so that no heartbeat waits for
   * the upload of packs.
   */
  async use<Result>(
    { signal, isBulk }: RunOptions,
    work: (client: PostgresClient) => Promise<Result>,
  ): Promise<Result> {
    if (isBulk !== true) return this.#use(signal, work);
    await this.#bulkPlaces.enter(signal);
    try {
      return await this.#use(signal, work);
    } finally {
      this.#bulkPlaces.leave();
    }
  }

  async #use<Result>(
    signal: AbortSignal | undefined,
    work: (client: PostgresClient) => Promise<Result>,
  ): Promise<Result> {
    await this.#places.enter(signal);
    let client: PostgresClient | undefined;
    try {
      client = await abortable(signal, () => this.#take(signal));
      const held = client;
      const result = await abortable(signal, () => work(held));
      this.#idle.push({ client, sinceMs: this.#clock.now() });
      // A connection that waits for nothing keeps no process alive.
      client.unref();
      return result;
    } catch (error) {
      if (client !== undefined) discard(client);
      // What broke this one has probably broken those at rest: the repetition shall begin with a new one.
      if (signal?.aborted !== true) for (const { client: resting } of this.#idle.splice(0)) discard(resting);
      throw error;
    } finally {
      this.#places.leave();
    }
  }

  /** Ends the idle ones; nothing may be under way. */
  async close(): Promise<void> {
    const idle = this.#idle.splice(0).map(({ client }) => client);
    for (const client of idle) client.ref();
    const waited = new AbortController();
    await Promise.race([
      Promise.allSettled(idle.map((client) => client.end())),
      this.#clock.sleep(CLOSE_MS, waited.signal),
    ]);
    waited.abort();
    for (const client of idle) client.unref();
  }

  async #take(signal: AbortSignal | undefined): Promise<PostgresClient> {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      idle.client.ref();
      if (this.#clock.now() - idle.sinceMs <= MAX_IDLE_MS) return idle.client;
      discard(idle.client);
    }
    const client = this.#connect();
    const forget = (): void => {
      this.#idle = this.#idle.filter((connection) => connection.client !== client);
    };
    // Without a listener an idle connection that breaks would end the process.
    client.on("error", forget);
    client.on("end", forget);
    try {
      await client.connect();
      await client.query({ text: SESSION_SETTINGS });
      signal?.throwIfAborted();
      return client;
    } catch (error) {
      discard(client);
      throw error;
    }
  }
}

function discard(client: PostgresClient): void {
  // Whoever discards it has a result or an error already; how the goodbye goes changes nothing.
  client.end().catch(() => undefined);
}

import { reasonOf } from "../../base/index.ts";
import type { Store, StoreKey } from "../store.ts";
import type { Racer, RacerAnswer } from "./place.ts";

// The writers of a race: within this process, or in one of its own that speaks in lines of JSON with whoever started it.
// The start is given by that line: no clock is compared, and the racers of all processes wait in the same system call.

/** A racer in this process. */
export function localRacer(name: string, store: Store, signal?: AbortSignal): Racer {
  let prepared: readonly StoreKey[] = [];
  const bytes = [Buffer.from(name)];
  const create = async (key: StoreKey): Promise<RacerAnswer> => {
    try {
      return await store.create(key, bytes, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      return { failed: reasonOf(error) };
    }
  };
  return {
    name,
    prepare: (keys) => {
      prepared = keys;
      return Promise.resolve();
    },
    go: () => Promise.all(prepared.map(create)),
    look: (keys) =>
      Promise.all(keys.map(async (key) => (await store.read(key, { signal }))?.toString("utf8") ?? null)),
    close: () => Promise.resolve(),
  };
}

/** What is asked of a racer in another process; each is answered with one line. */
type Question =
  | { readonly ask: "prepare"; readonly keys: readonly StoreKey[] }
  | { readonly ask: "go" }
  | { readonly ask: "look"; readonly keys: readonly StoreKey[] };

type Reply = { readonly result: unknown } | { readonly failed: string };

/** Serves one racer to the process that asks in `lines`, until these end. */
export async function serveRacer(
  racer: Racer,
  lines: AsyncIterable<string>,
  say: (line: string) => void,
): Promise<void> {
  say(JSON.stringify({ result: "open" } satisfies Reply));
  for await (const line of lines) {
    const question = JSON.parse(line) as Question;
    say(JSON.stringify(await replyTo(racer, question)));
  }
}

async function replyTo(racer: Racer, question: Question): Promise<Reply> {
  try {
    switch (question.ask) {
      case "prepare":
        await racer.prepare(question.keys);
        return { result: "ready" };
      case "go":
        return { result: await racer.go() };
      case "look":
        return { result: await racer.look(question.keys) };
      default:
        return question satisfies never;
    }
  } catch (error) {
    return { failed: reasonOf(error) };
  }
}

/** A pipe to the process of a racer. */
export interface RacerPipe {
  /** Sends one line. */
  send(line: string): void;
  /** The next line that it says; rejects when its process has ended, or at its limit. */
  receive(): Promise<string>;
  /** Ends the process, and resolves when it has ended. */
  close(): Promise<void>;
}

/** The racer at the other end of a pipe. Resolves when it has opened its store. */
export async function remoteRacer(name: string, pipe: RacerPipe): Promise<Racer> {
  const receive = async (): Promise<unknown> => {
    const reply = JSON.parse(await pipe.receive()) as Reply;
    if ("failed" in reply) throw new Error(reply.failed);
    return reply.result;
  };
  const ask = async (question: Question): Promise<unknown> => {
    pipe.send(JSON.stringify(question));
    return receive();
  };
  await receive();
  return {
    name,
    prepare: async (keys) => {
      await ask({ ask: "prepare", keys });
    },
    go: async () => (await ask({ ask: "go" })) as readonly RacerAnswer[],
    look: async (keys) => (await ask({ ask: "look", keys })) as readonly (string | null)[],
    close: () => pipe.close(),
  };
}

import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { freePort } from "./free-port.ts";

/** Where `moto_server` (https://docs.getmoto.org/en/latest/docs/server_mode.html) is on this machine, if it is. */
const program = (process.env["PATH"] ?? "")
  .split(delimiter)
  .map((folder) => join(folder, "moto_server"))
  .find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Whether this machine can play AWS with moto. Tests that need it are skipped otherwise, and say so in their names. */
export const hasMoto = program !== undefined;

/** Undefined when it can; else the words for the name of a skipped test. */
export const motoMissing: string | undefined = hasMoto ? undefined : "skipped: moto_server is missing";

/** A stand-in for AWS that runs in a process of its own. */
export interface Moto {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
}

/** One that was started, and is to be closed. */
export interface RunningMoto extends Moto {
  close(): Promise<void>;
}

/** It is a Python program with much to import. */
const STARTS_WITHIN_MS = 45_000;

/** Starts moto and waits until it answers. */
export async function startMoto(): Promise<RunningMoto> {
  if (program === undefined) throw new Error("moto_server is not on the PATH.");
  const port = await freePort();
  const child = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], {
    env: { ...process.env, PYTHONPATH: join(import.meta.dirname, "moto-python") },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (piece: Buffer) => {
    said = (said + piece.toString()).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const close = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  const url = `http://127.0.0.1:${port}`;
  const giveUpAt = performance.now() + STARTS_WITHIN_MS;
  while (!(await answers(url))) {
    if (child.exitCode !== null || performance.now() > giveUpAt) {
      await close();
      throw new Error(`moto_server does not answer at ${url}: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, close };
}

/** Starts moto before the tests of the calling file or `describe` and ends it after them. Its address is known while tests run. */
export function useMoto(): Moto {
  let running: RunningMoto | undefined;
  beforeAll(async () => {
    running = await startMoto();
  });
  afterAll(() => running?.close());
  return {
    get url() {
      if (running === undefined) throw new Error("moto does not run yet");
      return running.url;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`)).ok;
  } catch {
    // Not yet.
    return false;
  }
}

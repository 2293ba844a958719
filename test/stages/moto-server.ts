import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll } from "vitest";

/** A stand-in for AWS that one test file has for itself. */
export interface Moto {
  /** Such as `http://127.0.0.1:41234`. Only known while tests run. */
  readonly url: string;
}

/** Undefined when moto is on the PATH; else the words for the name of a skipped test. */
export const motoMissing: string | undefined = isOnPath("moto_server")
  ? undefined
  : "skipped: moto_server is missing";

const START_LIMIT_MS = 60_000;

/** Starts moto before the tests of the calling file or `describe` and ends it after them. */
export function useMoto(): Moto {
  let running: { readonly child: ChildProcess; readonly url: string } | undefined;
  beforeAll(async () => {
    running = await start();
  }, START_LIMIT_MS);
  afterAll(async () => {
    if (running === undefined) return;
    const { child } = running;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  });
  return {
    get url() {
      if (running === undefined) throw new Error("moto does not run yet");
      return running.url;
    },
  };
}

function start(): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = spawn("moto_server", ["-H", "127.0.0.1", "-p", "0"], { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (chunk: Buffer): void => {
      // Every request is logged; only the beginning is of interest, but the pipe must be emptied.
      if (said.length < 10_000) said += chunk.toString();
      const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url !== undefined) resolve({ child, url });
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`moto_server ended with ${code}: ${said}`)));
  });
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

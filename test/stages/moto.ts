import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";

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

/** A stand-in for AWS that runs in a process of its own. */
export interface Moto {
  /** `http://127.0.0.1:5000` */
  readonly url: string;
  close(): Promise<void>;
}

/** It is a Python program with much to import. */
const STARTS_WITHIN_MS = 45_000;

/** Starts moto and waits until it answers. */
export async function startMoto(): Promise<Moto> {
  if (program === undefined) throw new Error("moto_server is not on the PATH.");
  const port = await freePort();
  const child = spawn(program, ["-H", "127.0.0.1", "-p", String(port)], {
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

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/moto-api/data.json`)).ok;
  } catch {
    // Not yet.
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

import { createServer } from "node:net";

// Below what systems give to those who do not choose (from 32768 on Linux), so that no connection of another test takes a port
// between the look and the server's start; each worker of the tests has a range of its own.
const FIRST_PORT = 20_000;
const PORTS_OF_WORKER = 700;
const MOST_WORKERS = 18;

const worker = Number(process.env["VITEST_POOL_ID"] ?? 0) % MOST_WORKERS;
let next = Math.floor(Math.random() * PORTS_OF_WORKER);

/**
 * A port of 127.0.0.1 at which nobody listens, for a server that has to be told its port.
 * @throws Error when all of this worker's are taken
 */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < PORTS_OF_WORKER; tried += 1) {
    const port = FIRST_PORT + worker * PORTS_OF_WORKER + next;
    next = (next + 1) % PORTS_OF_WORKER;
    if (await isFree(port)) return port;
  }
  throw new Error("Every port that this worker may use is taken.");
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(false);
      else reject(error);
    });
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

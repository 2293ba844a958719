import type { Clock } from "./clock.ts";

let live = 0;

/** Notes that a thread of our own has begun; call the result when it has ended. */
export function noteThread(): () => void {
  live += 1;
  let ended = false;
  return () => {
    if (!ended) live -= 1;
    ended = true;
  };
}

/** How many threads of our own have not ended. One that hangs in a call to the system keeps Node.js from ending. */
export const liveThreads = (): number => live;

/** How long file calls that nobody waits for any more may take to end, in ms. */
const LEAVING_MS = 500;

/**
 * Whether this process can end: on its way out Node waits for the threads of its file calls and for ours, and one that hangs (a
 * mount that is away) would hold it for ever. They get half a second.
 */
export async function canLeave(clock: Clock): Promise<boolean> {
  const untilMs = clock.now() + LEAVING_MS;
  while (somethingHangs() && clock.now() < untilMs) await clock.sleep(10);
  return !somethingHangs();
}

function somethingHangs(): boolean {
  return live > 0 || process.getActiveResourcesInfo().some((name) => name.startsWith("FSReq"));
}

/** What is said before a process that cannot leave is ended by SIGKILL. */
export const hangsWords = (status: number): string =>
  `spotproof: a file call hangs. Leaving by SIGKILL, since Node cannot leave with status ${status} so.`;

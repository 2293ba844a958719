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

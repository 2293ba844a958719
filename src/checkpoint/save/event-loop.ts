/** Lets the event loop turn, so that heartbeats and signals are served between pieces of work. Not a timer. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Lets the event loop turn, so that timers, heartbeats and notices are served between items. Not a timer. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

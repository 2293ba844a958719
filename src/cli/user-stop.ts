import type { UserStop } from "../supervisor/index.ts";
import type { CommandIo } from "./command-io.ts";

/** Counts Ctrl-C: the first ends the run in order, the second at once (S13); so does Ctrl-\ (SIGQUIT) right away. */
export function listenForUserStop(io: Pick<CommandIo, "onSignal">): UserStop & { close(): void } {
  const listeners = new Set<() => void>();
  let level: 0 | 1 | 2 = 0;
  const rise = (to: 1 | 2): void => {
    level = to;
    for (const listener of listeners) listener();
  };
  const offs = [
    io.onSignal("SIGINT", () => rise(level === 0 ? 1 : 2)),
    io.onSignal("SIGQUIT", () => rise(2)),
  ];
  return {
    level: () => level,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      for (const off of offs) off();
    },
  };
}

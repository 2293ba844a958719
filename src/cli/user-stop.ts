import type { UserStop } from "../supervisor/index.ts";
import type { CommandIo } from "./command-io.ts";

/** Counts Ctrl-C: the first ends the run in order, the second at once (S13). */
export function listenForUserStop(io: Pick<CommandIo, "onSignal">): UserStop & { close(): void } {
  const listeners = new Set<() => void>();
  let level: 0 | 1 | 2 = 0;
  const close = io.onSignal("SIGINT", () => {
    level = level === 0 ? 1 : 2;
    for (const listener of listeners) listener();
  });
  return {
    level: () => level,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close,
  };
}

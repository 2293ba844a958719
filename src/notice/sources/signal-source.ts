import { type Clock, reasonOf } from "../../base/index.ts";
import type { NoticeSource } from "../notice-source.ts";

/** What `createSignalSource` needs. */
export interface SignalSourceOptions {
  /** Which signals announce the end. Default: SIGTERM. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** How long after the signal the process may be killed, in ms. */
  readonly graceMs: number;
  /** Begins to listen for a signal; gives the function that ends it. May throw when it cannot be listened for. */
  readonly on: (signal: NodeJS.Signals, handler: () => void) => () => void;
  readonly clock: Clock;
}

const SOURCE_NAME = "signal";

/**
 * Takes a process signal as the announcement that this process will be killed after the grace: what container platforms and
 * batch systems do. The same signal sent again changes nothing: the first deadline stays.
 */
export function createSignalSource(options: SignalSourceOptions): NoticeSource {
  const { signals = ["SIGTERM"], graceMs, on, clock } = options;
  return {
    name: SOURCE_NAME,
    watch(report, signal) {
      if (signal.aborted) return Promise.resolve();
      const offs: (() => void)[] = [];
      const heard = new Set<NodeJS.Signals>();
      const hear = (name: NodeJS.Signals): void => {
        if (heard.has(name) || signal.aborted) return;
        heard.add(name);
        report({
          kind: "noticed",
          notice: {
            id: `${SOURCE_NAME}/interruption/end-process/${name}`,
            source: SOURCE_NAME,
            kind: "interruption",
            action: "end-process",
            cause: `${name} was received`,
            deadline: { atMs: clock.now() + graceMs },
            deadlineAssumed: false,
            raw: name,
          },
        });
      };
      const deafTo: string[] = [];
      for (const name of signals) {
        try {
          offs.push(on(name, () => hear(name)));
        } catch (error) {
          deafTo.push(`${name} (${reasonOf(error)})`);
        }
      }
      if (deafTo.length > 0) {
        report({ kind: "blind", source: SOURCE_NAME, reason: `cannot listen for ${deafTo.join(", ")}` });
      } else {
        report({ kind: "listening", source: SOURCE_NAME, detail: signals.join(", ") });
      }
      return new Promise((resolve) => {
        const end = (): void => {
          for (const off of offs) off();
          resolve();
        };
        if (signal.aborted) end();
        else signal.addEventListener("abort", end, { once: true });
      });
    },
  };
}

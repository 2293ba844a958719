import {
  type InterruptionRecord,
  type NoticeSource,
  createNoticeSources,
  createSignalSource,
  watchSources,
} from "../notice/index.ts";
import type { JobSurroundings } from "./job-parts.ts";
import type { Channel } from "./keeping/channel.ts";

/** How long a program under `spotproof run` has after its SIGTERM, when the channel says nothing, in ms. */
const WRAPPED_GRACE_MS = 30_000;

/** Everything that a program by itself can hear on its machine. */
export function ownSources(
  surroundings: JobSurroundings,
  signalGraceMs: number | undefined,
): readonly NoticeSource[] {
  return createNoticeSources({ ...surroundings, signals: ["SIGTERM"], signalGraceMs });
}

/** `spotproof run` hears for the program; SIGTERM is how it asks it to stop. */
export function wrappedSources(
  { onSignal, clock }: JobSurroundings,
  channel: Channel,
): readonly NoticeSource[] {
  return [createSignalSource({ graceMs: WRAPPED_GRACE_MS, on: onSignal, clock }), channel.source()];
}

/** Listens in the background until the function that it gives is called. */
export function listen(
  { clock, tell }: JobSurroundings,
  sources: readonly NoticeSource[],
  interruptions: InterruptionRecord,
): () => Promise<void> {
  const stop = new AbortController();
  const silence = interruptions.onChange((change) => {
    if (change.kind !== "health") return;
    const { source, kind, detail } = change.health;
    if (kind === "blind")
      tell({
        level: "warn",
        kind: "source-blind",
        text: `cannot hear interruptions from ${source}: ${detail}`,
      });
    else tell({ level: "debug", kind: `source-${kind}`, text: `${source}: ${detail}` });
  });
  const watching = watchSources(sources, (report) => interruptions.hear(report), stop.signal, clock);
  return async () => {
    stop.abort();
    await watching;
    silence();
  };
}

/** The first Ctrl-C asks the job to end in order, the second ends it at once. Gives the function that ends listening. */
export function listenForStop(
  { onSignal }: JobSurroundings,
  onFirst: () => void,
  onSecond: () => void,
): () => void {
  let pressed = 0;
  return onSignal("SIGINT", () => {
    pressed += 1;
    if (pressed === 1) onFirst();
    else onSecond();
  });
}

import type { OnTrouble } from "../store/index.ts";
import type { SupervisorEvent } from "../supervisor/index.ts";
import type { CommandIo } from "./command-io.ts";

/** Who meets a store that does not answer: the heartbeat and the start of a life, or the saves. */
export type TroubledPart = "supervisor" | "saves";

/**
 * Lets through what is told, but of the store's trouble only its beginning and its end: one state, whoever meets it.
 */
export function mergeTroubles(
  tell: (event: SupervisorEvent) => void,
): (part: TroubledPart, event: SupervisorEvent) => void {
  const troubled = new Set<TroubledPart>();
  return (part, event) => {
    const before = troubled.size;
    if (event.kind === "store-trouble") troubled.add(part);
    else if (event.kind === "store-well") troubled.delete(part);
    else return tell(event);
    if ((before === 0) !== (troubled.size === 0)) tell(event);
  };
}

/** Tells whoever watches a command that looks into a store why nothing happens. */
export function sayTrouble(io: CommandIo): OnTrouble {
  return (error) => {
    if (error !== undefined)
      io.err(`spotproof: the store does not answer; trying again for some seconds: ${error.message}\n`);
  };
}

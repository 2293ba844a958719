import type { ProcessTable } from "../../supervisor/index.ts";
import type { FleetPlaces } from "./fleet-places.ts";
import type { FleetOptions } from "./machine.ts";

/** What all machines of a fleet stand on. */
export interface MachineSite {
  readonly options: FleetOptions;
  readonly places: FleetPlaces;
  readonly processes: ProcessTable;
  /** What was reported as seen in this computer's own /tmp. */
  readonly reportedInTmp: Set<string>;
}

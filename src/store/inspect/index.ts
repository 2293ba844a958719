export { type InspectionEnd, type InspectionOptions, inspectStore } from "./inspect-store.ts";
export type { InspectedPlace, OpenedPlace, Racer, RacerAnswer } from "./place.ts";
export { INSPECTION_PREFIX } from "./probe-area.ts";
export { type RacerPipe, localRacer, remoteRacer, serveRacer } from "./racer.ts";
export type { Check, CheckId, EarlierProbes, StoreReport, Verdict } from "./report.ts";

export * from "./attempt.ts";
export * from "./claim-job.ts";
export * from "./claim-request.ts";
export * from "./history.ts";
export * from "./lineage.ts";
export * from "./liveness.ts";
export * from "./records.ts";

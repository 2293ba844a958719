import { request } from "node:http";

/** How far a job is. */
export interface JobProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: string;
}

/** A supervisor that does not answer within this time is not waited for. */
const LONGEST_WAIT_MS = 2000;

/**
 * Tells Spotproof how far the job is, over the job channel. Resolves when Spotproof has heard it. Without Spotproof it
 * does nothing; it never rejects, because a report is a courtesy and the work goes on without it.
 */
export function reportProgress(progress: JobProgress): Promise<void> {
  const socketPath = process.env["SPOTPROOF_SOCKET"];
  if (socketPath === undefined) return Promise.resolve();
  const body = JSON.stringify(progress);
  return new Promise((resolve) => {
    const call = request({
      socketPath,
      method: "POST",
      path: "/progress",
      headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
      signal: AbortSignal.timeout(LONGEST_WAIT_MS),
    });
    call.on("response", (response) => response.resume().on("close", resolve));
    call.on("error", (error) => {
      console.error(`progress was not reported: ${error.message}`);
      resolve();
    });
    call.end(body);
  });
}

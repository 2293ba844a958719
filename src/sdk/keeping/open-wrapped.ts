import { resolve } from "node:path";
import { SpotproofError, parseJobName } from "../../base/index.ts";
import type { JobSurroundings } from "../job-parts.ts";
import { Channel } from "./channel.ts";
import { WrappedKeeper } from "./wrapped-keeper.ts";

/** What `spotproof run` says of itself to the command that it runs. */
export interface Wrapper {
  readonly job: string;
  readonly attempt: number;
  readonly token: string;
  readonly folder: string | undefined;
  readonly resumedFrom: string | undefined;
  readonly socketPath: string | undefined;
  readonly url: string | undefined;
}

/** The `spotproof run` around this program, if there is one. */
export function wrapperOf(environment: JobSurroundings["environment"]): Wrapper | undefined {
  const socketPath = environment["SPOTPROOF_SOCKET"];
  const url = environment["SPOTPROOF_URL"];
  const job = environment["SPOTPROOF_JOB"];
  if (job === undefined || (socketPath === undefined && url === undefined)) return undefined;
  return {
    job,
    attempt: Number(environment["SPOTPROOF_ATTEMPT"] ?? "1"),
    token: environment["SPOTPROOF_ATTEMPT_TOKEN"] ?? "",
    folder: environment["SPOTPROOF_CHECKPOINT"],
    resumedFrom: environment["SPOTPROOF_RESUMED_FROM"],
    socketPath,
    url,
  };
}

/**
 * Joins the life that `spotproof run` has begun.
 * @throws SpotproofError `bad-usage` when it saves no folder, or another one than the program's
 */
export function openWrapped(
  wrapper: Wrapper,
  files: string | undefined,
  { clock, tell, workingFolder }: JobSurroundings,
): { readonly keeper: WrappedKeeper; readonly channel: Channel } {
  if (wrapper.folder === undefined) {
    throw new SpotproofError(
      "bad-usage",
      "The program runs under `spotproof run`, which was given no folder to keep the job's state in: add --checkpoint <folder>, or start the program by itself.",
    );
  }
  const folder = resolve(workingFolder, wrapper.folder);
  if (files !== undefined && files !== folder) {
    throw new SpotproofError(
      "bad-usage",
      `The program's files are ${files}, but \`spotproof run\` saves ${folder}: give both the same folder.`,
    );
  }
  const channel = new Channel({ socketPath: wrapper.socketPath, url: wrapper.url }, clock);
  const keeper = new WrappedKeeper({
    clock,
    channel,
    job: parseJobName(wrapper.job),
    attempt: wrapper.attempt,
    token: wrapper.token,
    folder,
    resumedFrom: wrapper.resumedFrom,
    onTrouble: (message) => tell({ level: "warn", kind: "channel-trouble", text: message }),
  });
  return { keeper, channel };
}

import type { BesidePrograms } from "./beside-command.ts";
import type { Options } from "./options.ts";
import type { S3Programs } from "./s3-tools.ts";
import type { Workspace } from "../shared/workspace.ts";

/** All programs of this folder that run as processes of their own. */
export const PROGRAMS = [
  "spotproof-process",
  "writer-process",
  "plain-objects-process",
  "s3-server-process",
] as const;
type Programs = BesidePrograms & S3Programs & Readonly<Record<(typeof PROGRAMS)[number], string>>;

/** What a section needs. */
export interface Bench {
  readonly options: Options;
  readonly workspace: Workspace;
  readonly programs: Programs;
  readonly onProgress: (what: string) => void;
}

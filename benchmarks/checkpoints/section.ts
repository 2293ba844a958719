import type { JudgedBar } from "./bars.ts";
import type { BesidePrograms } from "./beside-command.ts";
import type { Options } from "./options.ts";
import type { S3Programs } from "./s3-tools.ts";
import type { Workspace } from "./workspace.ts";

/** One part of the report. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly bars: readonly JudgedBar[];
  /** What was not measured, in sentences. */
  readonly missing: readonly string[];
  /** Names and versions of the tools that took part. */
  readonly versions: readonly string[];
  /** Every run, as plain data. */
  readonly data: unknown;
}

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

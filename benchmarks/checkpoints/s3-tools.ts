import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { type CommandToolSpec, commandTool } from "./command-tool.ts";
import type { PlainObjectsOrder } from "./plain-objects-process.ts";
import type { S3Server } from "./s3-server.ts";
import { spotproofTool } from "./spotproof-tool.ts";
import type { Tool } from "./tool.ts";
import type { Workspace } from "../shared/workspace.ts";

/** The name of what the server takes from plain requests. */
export const PLAIN = "plain PutObject";

/** The programs, bundled. */
export interface S3Programs {
  readonly "spotproof-process": string;
  readonly "plain-objects-process": string;
}

/** Everybody that can save to S3, the same server for all. */
export function s3Tools(
  workspace: Workspace,
  programs: S3Programs,
  server: S3Server,
): { readonly tools: readonly Tool[]; readonly missing: readonly string[] } {
  const specs = [plainObjects(programs["plain-objects-process"], server), ...peers(server)];
  const tools = specs.map((spec) => commandTool(workspace, spec));
  return {
    tools: [spotproofInS3(workspace, programs["spotproof-process"], server), ...tools].filter(
      (tool) => tool !== undefined,
    ),
    missing: specs.filter((_, index) => tools[index] === undefined).map(({ name }) => name),
  };
}

function spotproofInS3(workspace: Workspace, program: string, server: S3Server): Tool {
  const { bucket, endpoint, environment } = server;
  return spotproofTool(workspace, program, {
    location: () => `s3://${bucket}/jobs?endpoint=${encodeURIComponent(endpoint)}`,
    environment,
    storedBytes: () => server.storedBytes(),
    end: () => server.empty(),
  });
}

function plainObjects(program: string, server: S3Server): CommandToolSpec {
  const { endpoint, bucket } = server;
  const argv = (order: Pick<PlainObjectsOrder, "do" | "folder">): [string, ...string[]] => [
    process.execPath,
    program,
    JSON.stringify({ ...order, endpoint, bucket }),
  ];
  return {
    ...inBucket(server),
    name: PLAIN,
    version: [process.execPath, "--version"],
    savesOnce: true,
    save: ({ source }) => argv({ do: "put", folder: source }),
    restore: (_place, into) => argv({ do: "get", folder: into }),
  };
}

function peers(server: S3Server): readonly CommandToolSpec[] {
  const { endpoint, bucket } = server;
  const aws = awsProgram();
  const sync = (from: string, to: string): [string, ...string[]] => [
    aws,
    "s3",
    "sync",
    "--only-show-errors",
    "--endpoint-url",
    endpoint,
    from,
    to,
  ];
  // Not every server gives an MD5 as ETag, as Amazon does, and without one rclone believes that the content is wrong.
  const rclone = (from: string, to: string): [string, ...string[]] => [
    "rclone",
    "sync",
    "--config",
    "/dev/null",
    "--ignore-checksum",
    from,
    to,
  ];
  const remote = `:s3,provider=Other,env_auth,force_path_style,endpoint="${endpoint}",region=us-east-1:${bucket}/rclone`;
  return [
    {
      ...inBucket(server),
      name: "aws s3 sync",
      version: [aws, "--version"],
      save: () => sync(".", `s3://${bucket}/sync`),
      restore: () => sync(`s3://${bucket}/sync`, "."),
    },
    {
      ...inBucket(server),
      name: "rclone",
      version: ["rclone", "version"],
      save: () => rclone(".", remote),
      restore: () => rclone(remote, "."),
    },
    restic(server),
  ];
}

function restic(server: S3Server): CommandToolSpec {
  const command = (...args: string[]): [string, ...string[]] => [
    "restic",
    "--quiet",
    "--repo",
    `s3:${server.endpoint}/${server.bucket}/restic`,
    ...args,
  ];
  return {
    ...inBucket(server),
    name: "restic, no compression",
    version: ["restic", "version"],
    environment: ({ own }) => ({
      ...server.environment,
      RESTIC_PASSWORD: "benchmark",
      RESTIC_CACHE_DIR: `${own}/cache`,
    }),
    prepare: () => command("init", "--repository-version", "2"),
    save: () => command("backup", "--compression", "off", "."),
    restore: (_place, into) => command("restore", "latest", "--target", into),
  };
}

function inBucket(server: S3Server): Pick<CommandToolSpec, "environment" | "storedBytes" | "end"> {
  return {
    environment: () => server.environment,
    storedBytes: () => server.storedBytes(),
    end: () => server.empty(),
  };
}

/** The program itself: managers of Python versions put a slow script before it. */
function awsProgram(): string {
  try {
    const beside = "import os, sys; print(os.path.join(os.path.dirname(sys.executable), 'aws'))";
    const path = execFileSync("python3", ["-c", beside], { encoding: "utf8" }).trim();
    return existsSync(path) ? path : "aws";
  } catch {
    return "aws"; // no Python: whatever the PATH has
  }
}

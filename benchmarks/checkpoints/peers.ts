import { type CommandToolSpec, commandTool, repositoryOf } from "./command-tool.ts";
import type { Tool } from "./tool.ts";
import type { Workspace } from "../shared/workspace.ts";

// What people would reach for instead, each with its usual options; where an option matters it is in the name.

const RESTIC_COMPRESSIONS = ["off", "auto"] as const;

const PEERS: readonly CommandToolSpec[] = [
  {
    name: "cp",
    version: ["cp", "--version"],
    savesOnce: true,
    save: (place) => ["cp", "-a", ".", repositoryOf(place)],
    restore: (place) => ["cp", "-a", `${repositoryOf(place)}/.`, "."],
  },
  ...RESTIC_COMPRESSIONS.map((compression) => restic(compression)),
  {
    name: "borg, lz4",
    version: ["borg", "--version"],
    environment: ({ own }) => ({ BORG_BASE_DIR: own, BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes" }),
    prepare: (place) => ["borg", "init", "--encryption", "none", repositoryOf(place)],
    save: (place, number) => [
      "borg",
      "create",
      "--compression",
      "lz4",
      `${repositoryOf(place)}::${number}`,
      ".",
    ],
    restore: (place, _into, number) => ["borg", "extract", `${repositoryOf(place)}::${number}`],
  },
  {
    name: "rclone",
    version: ["rclone", "version"],
    save: (place) => ["rclone", "sync", "--config", "/dev/null", ".", repositoryOf(place)],
    restore: (place) => ["rclone", "sync", "--config", "/dev/null", repositoryOf(place), "."],
  },
  {
    name: "tar, zstd -1",
    version: ["zstd", "--version"],
    savesOnce: true,
    prepare: (place) => ["mkdir", repositoryOf(place)],
    save: (place) => ["tar", "-I", "zstd -1", "-cf", `${repositoryOf(place)}/all.tar.zst`, "."],
    restore: (place) => ["tar", "-I", "zstd", "-xf", `${repositoryOf(place)}/all.tar.zst`],
  },
];

/** The name of every peer of a store in a folder. */
export const FOLDER_PEERS: readonly string[] = PEERS.map(({ name }) => name);

/** Those that this machine has. */
export function folderPeers(workspace: Workspace): readonly Tool[] {
  return PEERS.map((spec) => commandTool(workspace, spec)).filter((tool) => tool !== undefined);
}

function restic(compression: (typeof RESTIC_COMPRESSIONS)[number]): CommandToolSpec {
  const restic = (
    place: Parameters<CommandToolSpec["save"]>[0],
    ...args: string[]
  ): [string, ...string[]] => ["restic", "--quiet", "--repo", repositoryOf(place), ...args];
  return {
    name: compression === "auto" ? "restic" : "restic, no compression",
    version: ["restic", "version"],
    environment: ({ own }) => ({ RESTIC_PASSWORD: "benchmark", RESTIC_CACHE_DIR: `${own}/cache` }),
    // Version 2 of the format is the one that can compress.
    prepare: (place) => restic(place, "init", "--repository-version", "2"),
    save: (place) => restic(place, "backup", "--compression", compression, "."),
    restore: (place, into) => restic(place, "restore", "latest", "--target", into),
  };
}

/** What every entry of the catalogue says. `docs/errors.md` has the same entries; a test compares them. */
export interface ErrorEntry {
  /** Whether the same call may succeed later without anybody changing anything. */
  readonly retry: "may-help" | "never";
  /** What happened, in one sentence. */
  readonly title: string;
  /** What the user can do. */
  readonly advice: string;
}

/** Every way in which Spotproof itself fails. A code is permanent; its words may improve. */
export const ERRORS = {
  "bad-usage": {
    retry: "never",
    title: "The command was not understood.",
    advice: "Correct the arguments; `spotproof --help` and `spotproof <command> --help` list them.",
  },
  "store-unreachable": {
    retry: "may-help",
    title: "The store did not answer as it must.",
    advice:
      "Check that the store exists and can be reached from this machine (mounted, or over the network), then start the same command again.",
  },
  "store-not-writable": {
    retry: "never",
    title: "The store cannot be written.",
    advice:
      "Give the job's user or role the right to read, create, replace and remove in the store, or choose another one with --store.",
  },
  "store-full": {
    retry: "may-help",
    title: "The store is full.",
    advice:
      "Free room or raise its quota, or run `spotproof checkpoints prune`. The checkpoints already stored are not harmed.",
  },
  "store-unsuitable": {
    retry: "never",
    title: "The store cannot do what everything here rests on: create an object only if it is absent.",
    advice:
      "Use another place: a file system with hard links (ext4, XFS, NFS, EFS and most others have them), S3 or a server that honours If-None-Match, DynamoDB, PostgreSQL.",
  },
  "store-volatile": {
    retry: "never",
    title: "The store would go with this machine, and the job's checkpoints with it.",
    advice:
      "Name a place that outlives it: a network file system such as EFS, a volume that moves along, S3, DynamoDB, a database. For a try: --allow-volatile-store, or SPOTPROOF_ALLOW_VOLATILE_STORE=1.",
  },
  "store-newer": {
    retry: "never",
    title: "The store was written by a newer version of Spotproof.",
    advice: "Install the newest spotproof on this machine. Nothing was changed.",
  },
  "record-damaged": {
    retry: "never",
    title: "A record in the store cannot be read.",
    advice: "Look at the named file. If a copy of the store exists, put the file back from there.",
  },
  "checkpoint-damaged": {
    retry: "never",
    title: "A checkpoint does not match its own hashes.",
    advice:
      "Run `spotproof checkpoints verify` to see which are affected. A restore steps back to an earlier one by itself.",
  },
  "no-usable-checkpoint": {
    retry: "never",
    title: "The job has checkpoints, but none of them can be restored.",
    advice:
      "Run `spotproof checkpoints verify` for the reasons. To begin from the start on purpose, use another job name.",
  },
  "checkpoint-not-found": {
    retry: "never",
    title: "There is no such checkpoint.",
    advice: "`spotproof checkpoints list` shows those that exist.",
  },
  "codec-unavailable": {
    retry: "never",
    title: "The checkpoint was compressed in a way that this Node.js cannot read.",
    advice: "Run Spotproof on Node.js 22.15 or newer on every machine of this job.",
  },
  "folder-unusable": {
    retry: "never",
    title: "The checkpoint folder cannot be used.",
    advice: "Name a folder that the job's user may read and write, or one that does not exist yet.",
  },
  "folder-missing": {
    retry: "never",
    title: "The checkpoint folder is not there.",
    advice:
      "A command that replaces its folder should replace what is in it instead: a save that came in between finds nothing.",
  },
  "folder-changing": {
    retry: "may-help",
    title: "A file of the checkpoint folder kept changing while it was read.",
    advice: "The next save tries again. If it keeps happening, let the program save through the job channel.",
  },
  "temporary-folder-unusable": {
    retry: "never",
    title: "No temporary folder can be written.",
    advice: "Set TMPDIR to a folder that the job's user can write.",
  },
  "disk-full": {
    retry: "may-help",
    title: "The local disk is full.",
    advice: "Free room beside the checkpoint folder and start the same command again.",
  },
  "job-not-found": {
    retry: "never",
    title: "The store has no such job.",
    advice: "`spotproof status --store <store>` lists the jobs that it has.",
  },
  "job-running": {
    retry: "may-help",
    title: "Another attempt of this job is alive.",
    advice: "Wait for it to end, or start with --if-running standby to take over when it vanishes.",
  },
  "fenced-out": {
    retry: "never",
    title: "A later attempt has taken over this job.",
    advice:
      "Nothing is to be done here: the later attempt goes on with the work. Nothing of this attempt's is used any more.",
  },
  "no-progress": {
    retry: "never",
    title: "Attempt after attempt ended without one new checkpoint.",
    advice:
      "Save more often (--every), or let the program save at safe points; --max-idle-attempts changes the limit.",
  },
  "command-not-found": {
    retry: "never",
    title: "The command does not exist.",
    advice: "Check its spelling and that it is on the PATH of this machine.",
  },
  "command-not-executable": {
    retry: "never",
    title: "The command exists but cannot be executed.",
    advice: "Make it executable (chmod +x), or put its interpreter in front of it.",
  },
  "channel-unreachable": {
    retry: "never",
    title: "No job channel answers.",
    advice: "Use this inside a command that was started by `spotproof run`.",
  },
  "channel-refused": {
    retry: "may-help",
    title: "The job channel answered with an error.",
    advice: "Read the reason behind it; Spotproof's own log has more.",
  },
  "file-in-the-way": {
    retry: "never",
    title: "A file is in the way that Spotproof does not overwrite by itself.",
    advice: "Move it away, or replace it on purpose with --force.",
  },
  "port-unavailable": {
    retry: "may-help",
    title: "The address is not free to listen on.",
    advice: "Choose another port with --port, or 0 for any free one.",
  },
  "state-not-storable": {
    retry: "never",
    title: "The state has a value that could not be restored, so it is not saved.",
    advice:
      "Change the named value to plain data: objects, arrays, Maps, Sets, numbers, strings, Dates, typed arrays. What was saved before is not harmed.",
  },
  "state-unreadable": {
    retry: "never",
    title: "The saved state cannot be read.",
    advice:
      "Go on with the versions of Node.js, of Spotproof and of the program that saved it, on a machine of the same kind. Nothing was changed.",
  },
  "state-outdated": {
    retry: "never",
    title: "The saved state is of another version than the program's.",
    advice:
      "Give the program a `migrate` for the older version, or start the version that saved it. The saved state is not harmed.",
  },
  "items-failed": {
    retry: "may-help",
    title: "Some items of a list failed for good.",
    advice:
      'Look at the errors of the items. Started again, the job tries these items alone; with `onFailure: "keep"` a failed item counts as handled.',
  },
  "items-changed": {
    retry: "never",
    title: "The source of a list of items is not the one of the earlier attempts.",
    advice:
      "Give the same items in the same order in each life of the job (a source may only grow at its end), give each item a `key`, or take another `name` for the new list.",
  },
  "items-unreadable": {
    retry: "never",
    title: "The file of a list of items cannot be read.",
    advice: "Name a file of UTF-8 text that is on each machine of the job, one item a line.",
  },
  internal: {
    retry: "never",
    title: "Spotproof has met a case that it was not built for.",
    advice: "Please report it with the text behind this line. The checkpoints already stored are not harmed.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** The permanent name of one kind of failure. */
export type ErrorCode = keyof typeof ERRORS;

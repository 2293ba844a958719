import { spawnSync } from "node:child_process";

/** "nobody" on most systems. */
export const OTHER_USER = 65_534;

/** Whether tests may start this Node as another user: needs root, and a Node that others may execute. */
export const canBecomeOtherUser =
  process.getuid?.() === 0 &&
  spawnSync(process.execPath, ["-e", "0"], { uid: OTHER_USER, gid: OTHER_USER, cwd: "/" }).status === 0;

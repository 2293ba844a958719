import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives the tests a temporary folder of their own. Machines without namespaces look for new files at the top of /tmp, and
 * would take those of a test beside them for their job's.
 */
export function setup(): () => void {
  const before = process.env["TMPDIR"];
  // Short: paths of sockets have little room.
  const folder = mkdtempSync(join(tmpdir(), "sp-"));
  // As /tmp itself: some tests go on as another user.
  chmodSync(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  return () => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
    rmSync(folder, { recursive: true, force: true });
  };
}

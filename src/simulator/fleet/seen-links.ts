import { readlinkSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { systemErrorCode } from "../../base/index.ts";

/** Linux follows no more links than these on one way. */
const LINKS_AT_MOST = 40;

/**
 * A path of a machine without links, each followed as the machine follows it: to what the machine, not this computer,
 * calls so. What does not exist stays as it is named.
 * @param path Absolute, as the machine sees it.
 * @param hostPath Where on this computer that is which the machine calls so.
 */
export function followLinks(path: string, hostPath: (seen: string) => string | undefined): string {
  let seen = "/";
  let followed = 0;
  const ahead = path.split("/");
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    if (name === "" || name === ".") continue;
    const next = name === ".." ? dirname(seen) : join(seen, name);
    const leadsTo = followed < LINKS_AT_MOST ? linkAt(hostPath(next)) : undefined;
    if (leadsTo === undefined) {
      seen = next;
      continue;
    }
    followed += 1;
    if (isAbsolute(leadsTo)) seen = "/";
    ahead.unshift(...leadsTo.split("/"));
  }
  return seen;
}

function linkAt(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : readlinkSync(path);
  } catch (error) {
    // No link, nothing there, or nothing that may be looked at.
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

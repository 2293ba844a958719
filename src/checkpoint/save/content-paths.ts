import { SpotproofError } from "../../base/index.ts";
import type { Content } from "../contents.ts";
import { type PathBytes, parentPath, pathForPeople } from "../format/path-bytes.ts";
import { OWN_PREFIX } from "./folder-path.ts";

/** The path of a content as checkpoints have it. @throws SpotproofError `internal` when no checkpoint can have it. */
export function contentPath(path: string): PathBytes {
  const bytes = Buffer.from(path, "utf8");
  const segments = path.split("/");
  const isRelative = segments.every((one) => one !== "" && one !== "." && one !== "..");
  const isText = bytes.toString("utf8") === path && !path.includes("\0");
  if (isRelative && isText && !path.startsWith(OWN_PREFIX)) return bytes.toString("latin1");
  throw new SpotproofError("internal", `A content cannot have the path ${JSON.stringify(path)}.`);
}

/** The folders that contents lie in, the checkpoint's own included. @throws SpotproofError `internal` when two are in each other's way. */
export function foldersOf(contents: ReadonlyMap<PathBytes, Content>): ReadonlySet<PathBytes> {
  const folders = new Set<PathBytes>([""]);
  for (const path of contents.keys()) {
    for (let folder = parentPath(path); folder !== ""; folder = parentPath(folder)) {
      if (contents.has(folder)) {
        const [shown, within] = [pathForPeople(folder), pathForPeople(path)];
        throw new SpotproofError("internal", `${shown} cannot be a content and the folder of ${within}.`);
      }
      folders.add(folder);
    }
  }
  return folders;
}

/** Contents by their paths. @throws SpotproofError `internal` when a path is impossible or named twice. */
export function contentsByPath(contents: readonly Content[]): ReadonlyMap<PathBytes, Content> {
  const byPath = new Map<PathBytes, Content>();
  for (const content of contents) {
    const path = contentPath(content.path);
    if (byPath.has(path))
      throw new SpotproofError("internal", `${content.path} was given twice to one save.`);
    byPath.set(path, content);
  }
  return byPath;
}

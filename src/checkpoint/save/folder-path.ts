import { type PathBytes, pathForPeople } from "../format/path-bytes.ts";

/** What Spotproof keeps inside a folder begins with this, and is never saved. */
export const OWN_PREFIX = ".spotproof-";

/** A folder on this machine, and how its entries are addressed: with bytes, since names need not be UTF-8. */
export class FolderPath {
  /** Absolute, without a slash at the end. */
  readonly path: string;
  readonly #prefix: Buffer;

  constructor(path: string) {
    this.path = path;
    this.#prefix = Buffer.from(`${path}/`);
  }

  /** The absolute path of an entry; of the folder itself for the empty path. */
  of(path: PathBytes): Buffer {
    if (path === "") return Buffer.from(this.path);
    return Buffer.concat([this.#prefix, Buffer.from(path, "latin1")]);
  }

  /** For messages. */
  show(path: PathBytes): string {
    return path === "" ? this.path : `${this.path}/${pathForPeople(path)}`;
  }
}

import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type Random, randomBelow } from "../../../src/base/index.ts";
import type { DiskChange } from "./recorded-disk.ts";

// What a disk may hold after its machine has lost power. The rules are those of POSIX, harsher than any real file system:
//  - The bytes of a file are sure up to its last sync. Of later ones any part may be there, or zeros in their place.
//  - A name in a folder is sure once the folder has been synced after the change. Later changes may be there or not, each
//    by itself (a file may have both names of a rename, or none), only not in another order for one and the same name.
//  - Syncing a file makes none of its names durable, and syncing a folder not the folder's own name.

/** Which of the unsure changes survive. */
export type Survival =
  /** None of them, and no unsure bytes. */
  | "nothing"
  /** All names, but no unsure bytes: as with delayed allocation. */
  | "names"
  /** All names up to some moment, as with a journal; any bytes. */
  | "in order"
  /** Any of them. */
  | "any";

/** All of them. */
export const SURVIVALS: readonly Survival[] = ["nothing", "names", "in order", "any"];

interface FileNode {
  readonly kind: "file";
  bytes: Buffer;
  sureLength: number;
}

interface FolderNode {
  readonly kind: "folder";
  readonly now: Map<string, DiskNode>;
  readonly sure: Map<string, DiskNode>;
  unsure: { readonly name: string; readonly node: DiskNode | undefined; readonly at: number }[];
}

type DiskNode = FileNode | FolderNode;

/** A disk after a loss of power, ready to be written down. */
export interface Remains {
  /** Equal for equal disks. */
  readonly digest: string;
  /** Writes it into a folder that does not exist yet. */
  writeTo(folder: string): void;
}

/** A disk to which a history happens change by change. */
export class LossyDisk {
  readonly #root = newFolder();
  readonly #files = new Map<number, FileNode>();
  #time = 0;

  /** Takes the next change of the history. */
  apply(change: DiskChange): void {
    this.#time += 1;
    switch (change.kind) {
      case "new folder":
        return this.#name(change.path, newFolder());
      case "new file": {
        const node: FileNode = { kind: "file", bytes: Buffer.alloc(0), sureLength: 0 };
        this.#files.set(change.file, node);
        return this.#name(change.path, node);
      }
      case "append": {
        const file = this.#file(change.file);
        file.bytes = Buffer.concat([file.bytes, change.bytes]);
        return undefined;
      }
      case "sync file": {
        const file = this.#file(change.file);
        file.sureLength = file.bytes.length;
        return undefined;
      }
      case "sync folder":
        return makeSure(this.#folder(change.path));
      case "link":
        return this.#name(change.to, this.#at(change.from));
      case "rename": {
        const node = this.#at(change.from);
        this.#name(change.to, node);
        return this.#name(change.from, undefined);
      }
      case "unlink":
        return this.#name(change.path, undefined);
      case "told":
        return undefined;
      default:
        return change satisfies never;
    }
  }

  /** What is left when the power fails now. */
  losePower(survival: Survival, random: Random): Remains {
    const until = randomBelow(random, this.#time + 1);
    const entries: (readonly [string, Buffer | undefined])[] = [];
    const visit = (folder: FolderNode, path: string): void => {
      for (const [name, node] of survivors(folder, survival, until, random)) {
        const below = join(path, name);
        entries.push([below, node.kind === "file" ? contentAfter(node, survival, random) : undefined]);
        if (node.kind === "folder") visit(node, below);
      }
    };
    visit(this.#root, "");
    return remainsOf(entries);
  }

  #name(path: string, node: DiskNode | undefined): void {
    const folder = this.#folder(dirname(path));
    const name = basename(path);
    if (node === undefined) folder.now.delete(name);
    else folder.now.set(name, node);
    folder.unsure.push({ name, node, at: this.#time });
  }

  #at(path: string): DiskNode {
    const node = this.#folder(dirname(path)).now.get(basename(path));
    if (node === undefined) throw new Error(`There is no ${path} in the model.`);
    return node;
  }

  #folder(path: string): FolderNode {
    if (path === "" || path === ".") return this.#root;
    const node = this.#at(path);
    if (node.kind !== "folder") throw new Error(`${path} is no folder in the model.`);
    return node;
  }

  #file(number: number): FileNode {
    const node = this.#files.get(number);
    if (node === undefined) throw new Error(`There is no file ${number} in the model.`);
    return node;
  }
}

function newFolder(): FolderNode {
  return { kind: "folder", now: new Map(), sure: new Map(), unsure: [] };
}

function makeSure(folder: FolderNode): void {
  for (const { name, node } of folder.unsure) put(folder.sure, name, node);
  folder.unsure = [];
}

function put(names: Map<string, DiskNode>, name: string, node: DiskNode | undefined): void {
  if (node === undefined) names.delete(name);
  else names.set(name, node);
}

function survivors(
  folder: FolderNode,
  survival: Survival,
  until: number,
  random: Random,
): readonly (readonly [string, DiskNode])[] {
  const names = new Map(folder.sure);
  const given = new Set<string>();
  for (const { name, node, at } of survival === "nothing" ? [] : folder.unsure) {
    if (survival === "in order" && at > until) break;
    // One name's changes keep their order: after the first that is lost, all later ones of it are.
    if (survival === "any" && (given.has(name) || random.next() < 0.5)) given.add(name);
    else put(names, name, node);
  }
  return [...names].sort(([a], [b]) => (a < b ? -1 : 1));
}

function contentAfter(file: FileNode, survival: Survival, random: Random): Buffer {
  const { bytes, sureLength } = file;
  const unsure = bytes.length - sureLength;
  if (unsure === 0) return bytes;
  const sure = bytes.subarray(0, sureLength);
  if (survival === "nothing" || survival === "names") return sure;
  const some = sureLength + randomBelow(random, unsure + 1);
  const kind = randomBelow(random, 3);
  if (kind === 0) return bytes.subarray(0, some);
  if (kind === 1) return Buffer.concat([bytes.subarray(0, some), Buffer.alloc(bytes.length - some)]);
  return Buffer.concat([sure, Buffer.alloc(some - sureLength), bytes.subarray(some)]);
}

function remainsOf(entries: readonly (readonly [string, Buffer | undefined])[]): Remains {
  const hash = createHash("sha1");
  for (const [path, content] of entries) {
    hash.update(`${path}\0${content === undefined ? "folder" : content.length}\0`);
    if (content !== undefined) hash.update(content);
  }
  return {
    digest: hash.digest("hex"),
    writeTo(folder) {
      mkdirSync(folder);
      for (const [path, content] of entries) {
        if (content === undefined) mkdirSync(join(folder, path));
        else writeFileSync(join(folder, path), content);
      }
    },
  };
}

import type { Announcement } from "../metadata-mock/service-message.ts";
import { type GcpMockInstance, instanceTree } from "./instance-tree.ts";
import { etagOf, isFolder, type MetadataFolder, type MetadataNode, nodeAt } from "./metadata-tree.ts";

/** Where the instance's own values are. */
const INSTANCE: readonly string[] = ["computeMetadata", "v1", "instance"];

/** The tree with its changes, what they announce, and who waits for them. */
export class MetadataState {
  #tree: MetadataFolder;
  /** How often what lies at a path was changed. */
  readonly #changes = new Map<string, number>();
  /** By the path of the item, below `instance/`. */
  readonly #announcements = new Map<string, Announcement>();
  readonly #waiting = new Set<() => void>();

  constructor(instance: GcpMockInstance) {
    this.#tree = instanceTree(instance);
  }

  at(path: readonly string[]): MetadataNode | undefined {
    return nodeAt(this.#tree, path);
  }

  /** Changes with whatever lies at the path or below it. */
  etag(path: readonly string[]): string {
    const prefix = path.join("/");
    let changes = 0;
    for (const [changed, times] of this.#changes) {
      if (isAtOrBelow(changed, prefix)) changes += times;
    }
    return etagOf(this.at(path) ?? "", changes);
  }

  /** What somebody hears who reads what lies at the path, with everything below when `isRecursive`. */
  carriedBy(path: readonly string[], isRecursive: boolean): readonly Announcement[] {
    const read = path.join("/");
    return [...this.#announcements.values()].filter(({ item }) => {
      const full = [...INSTANCE, item].join("/");
      return full === read || (isRecursive && isAtOrBelow(full, read));
    });
  }

  announcements(): readonly Announcement[] {
    return [...this.#announcements.values()];
  }

  announcementOf(item: string): Announcement | undefined {
    return this.#announcements.get(item);
  }

  /** Sets an item below `instance/`, such as `preempted` or `attributes/key`. `isNews`: whoever reads it has heard something. */
  set(item: string, value: string, isNews: boolean): void {
    const path = [...INSTANCE, ...item.split("/")];
    const key = path.join("/");
    if (isNews) this.#announcements.set(item, { item, words: value });
    else this.#announcements.delete(item);
    if (this.at(path) === value) return;
    this.#tree = withValue(this.#tree, path, value);
    this.#changes.set(key, (this.#changes.get(key) ?? 0) + 1);
    this.#wake();
  }

  /** Another machine's values from now on. */
  become(instance: GcpMockInstance): void {
    this.#tree = instanceTree(instance);
    this.#announcements.clear();
    this.#changes.clear();
    this.#wake();
  }

  /** Calls `look` after every change, until the function that it gives is called. */
  onChange(look: () => void): () => void {
    this.#waiting.add(look);
    return () => this.#waiting.delete(look);
  }

  #wake(): void {
    for (const look of this.#waiting) look();
  }
}

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === "" || path === folder || path.startsWith(`${folder}/`);
}

function withValue(
  folder: MetadataFolder,
  [name = "", ...deeper]: readonly string[],
  value: string,
): MetadataFolder {
  if (deeper.length === 0) return { ...folder, [name]: value };
  const child = folder[name];
  const below =
    child !== undefined && isFolder(child) && !Array.isArray(child) ? (child as MetadataFolder) : {};
  return { ...folder, [name]: withValue(below, deeper, value) };
}

import { dirname, join, relative, resolve } from "node:path";

// What a machine with its own namespaces sees where. A place is a folder of this computer that it sees as another one: its
// copy as the working folder, its own /tmp as /tmp. What shows through is seen although a place covers it.

/** A folder of the machine's own that it sees at another path. */
export interface OwnPlace {
  /** As the machine sees it. */
  readonly seenAs: string;
  /** On this computer. */
  readonly folder: string;
}

/** Something of this computer that the machine sees. */
export interface ShownThrough {
  /** As the machine sees it. */
  readonly path: string;
  /** On this computer: the same, but for a folder that machines share. */
  readonly from: string;
  readonly readOnly: boolean;
  readonly isFolder: boolean;
  /** Where a machine sees this computer's own disk anyway, nothing is changed, `readOnly` or not. */
  readonly isAsItIsOutside?: boolean | undefined;
}

/** One call of mount, in order. */
export interface MountStep {
  /** `bind`: with what is mounted in it; `frozen`: read-only; `memory`: a new file system in memory at `to`. */
  readonly kind: "bind" | "frozen" | "memory";
  readonly from: string;
  readonly to: string;
}

/** What has to be there for something to be mounted on. */
export interface MountPoint {
  readonly path: string;
  readonly isFolder: boolean;
}

/** How the machine comes to see what it is to see. */
export interface MountPlan {
  /** To be created on this computer before. */
  readonly mountPoints: readonly MountPoint[];
  readonly steps: readonly MountStep[];
}

/** Whether a path is a folder or lies in it. Both absolute and without links. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Everything that a machine sees otherwise than this computer does. */
export class MachineView {
  readonly #places: readonly OwnPlace[];
  readonly #through: readonly ShownThrough[];
  /** A folder in memory, of the machine alone, that does not exist on this computer. */
  readonly #memory: string | undefined;

  constructor(places: readonly OwnPlace[], through: readonly ShownThrough[], memory: string | undefined) {
    this.#places = places;
    this.#through = through;
    this.#memory = memory;
  }

  /** The mounts that make it so: what lies deepest first, so that each comes along with what it is part of. */
  mountPlan(): MountPlan {
    const mountPoints: MountPoint[] = [];
    const steps: MountStep[] = [];
    for (const place of byDepth(this.#places, ({ seenAs }) => seenAs).toReversed()) {
      const parts = [
        ...this.#through,
        ...this.#places
          .filter((one) => one !== place)
          .map((one) => ({ path: one.seenAs, from: one.folder, readOnly: false, isFolder: true })),
      ].filter(({ path }) => path !== place.seenAs && this.#innermost(path, path) === place);
      for (const part of byDepth(parts, ({ path }) => path)) {
        const to = join(place.folder, relative(place.seenAs, part.path));
        mountPoints.push({ path: to, isFolder: part.isFolder });
        steps.push({ kind: part.readOnly ? "frozen" : "bind", from: part.from, to });
      }
    }
    steps.push(...this.#stepsOutside());
    const outermost = this.#places.filter(({ seenAs }) => this.#innermost(seenAs, seenAs) === undefined);
    steps.push(
      ...outermost.map(({ folder, seenAs }) => ({ kind: "bind" as const, from: folder, to: seenAs })),
    );
    if (this.#memory !== undefined) steps.push({ kind: "memory", from: "memory", to: this.#memory });
    return { mountPoints, steps };
  }

  /** What no place covers, but is otherwise than on this computer. */
  #stepsOutside(): readonly MountStep[] {
    const outside = this.#through.filter(
      ({ path, from, readOnly, isAsItIsOutside = false }) =>
        ((readOnly && !isAsItIsOutside) || from !== path) && this.#innermost(path) === undefined,
    );
    return byDepth(outside, ({ path }) => path).map(({ path, from, readOnly }) => ({
      kind: readOnly ? "frozen" : "bind",
      from,
      to: path,
    }));
  }

  /** Where on this computer that is what the machine calls so; undefined when it is in the machine's memory alone. */
  hostPath(path: string): string | undefined {
    const absolute = resolve("/", path);
    if (this.#memory !== undefined && isWithin(absolute, this.#memory)) return undefined;
    const through = this.#shownAt(absolute);
    const place = this.#innermost(absolute);
    if (through !== undefined && (place === undefined || isWithin(through.path, place.seenAs)))
      return join(through.from, relative(through.path, absolute));
    return place === undefined ? absolute : join(place.folder, relative(place.seenAs, absolute));
  }

  /** Whether what is mounted at a path is mounted on something of the machine's own, where a mount point can be made. */
  isOwn(path: string): boolean {
    const place = this.#innermost(path, path);
    const through = this.#shownAt(dirname(path));
    return place !== undefined && (through === undefined || !isWithin(through.path, place.seenAs));
  }

  #shownAt(path: string): ShownThrough | undefined {
    const holding = this.#through.filter((one) => isWithin(path, one.path));
    return byDepth(holding, (one) => one.path).at(-1);
  }

  /** The deepest place that holds the path and is not the path `except` itself. */
  #innermost(path: string, except?: string): OwnPlace | undefined {
    const holding = this.#places.filter(({ seenAs }) => seenAs !== except && isWithin(path, seenAs));
    return byDepth(holding, ({ seenAs }) => seenAs).at(-1);
  }
}

function byDepth<Item>(items: readonly Item[], path: (item: Item) => string): readonly Item[] {
  const depth = (item: Item): number => path(item).split("/").length;
  return items.toSorted((a, b) => depth(a) - depth(b));
}

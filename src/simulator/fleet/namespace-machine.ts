import fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { reasonOf } from "../../base/index.ts";
import { copyFolder } from "./folder-copy.ts";
import type { Housing } from "./housing.ts";
import type { LeftPlace } from "./left-behind.ts";
import type { MachineSite } from "./machine-site.ts";
import { MachineView, type MountPoint, type OwnPlace, type ShownThrough, isWithin } from "./machine-view.ts";
import { NamespaceHousing, SHARED_MEMORY } from "./namespace-housing.ts";
import { type NamespaceTools, startNamespace } from "./namespace-init.ts";
import { isGone, readableName } from "./walk-folder.ts";

/** Temporary folders of a system; the first is `TMPDIR`. */
const TEMPORARY = ["/tmp", "/var/tmp"];

/** Prepares a machine with namespaces of its own. */
export async function prepareNamespaceMachine(
  site: MachineSite,
  tools: NamespaceTools,
  folder: string,
  mark: string,
): Promise<{ readonly housing: Housing; readonly unreadable: readonly string[] }> {
  const { places, options, processes } = site;
  const workFolder = join(folder, "work");
  await fs.mkdir(workFolder);
  const copied = await copyFolder(places.copy, workFolder, false);
  const temporary = await temporaryPlaces(site, folder);
  const work: OwnPlace = { seenAs: places.workingFolder, folder: workFolder };
  const readOnly = copied.readOnly.map((key) => join(places.workingFolder, readableName(key)));
  const view = new MachineView(
    [work, ...temporary],
    [...shownThrough(site, temporary), ...readOnly.map((path) => ({ path, readOnly: true, isFolder: true }))],
    await privateMemory(site),
  );
  const { mountPoints, steps } = view.mountPlan();
  for (const point of mountPoints) await createMountPoint(point);
  const init = await startNamespace({ tools, steps, processes, clock: options.clock });
  const [tmp = work] = temporary;
  const leftIn = temporary.map(
    (place): LeftPlace => ({
      folder: place.folder,
      prefix: `${place.seenAs}/`,
      where: "tmp",
      before: new Map(),
    }),
  );
  const housing = new NamespaceHousing({
    init,
    tools,
    view,
    clock: options.clock,
    processes,
    mark,
    workFolder,
    tmpFolder: tmp.folder,
    seenWorkFolder: places.workingFolder,
    seenTmpFolder: tmp.seenAs,
    places: [{ folder: workFolder, prefix: "", where: "scratch", before: copied.state }, ...leftIn],
  });
  return { housing, unreadable: copied.unreadable.map(readableName) };
}

/** A temporary folder of its own for each of the system's, except one that is shared or is the working folder itself. */
async function temporaryPlaces(site: MachineSite, folder: string): Promise<readonly OwnPlace[]> {
  const { workingFolder, shared } = site.places;
  const found: OwnPlace[] = [];
  for (const path of TEMPORARY) {
    const seenAs = await realPathIfThere(path);
    const isTaken = [workingFolder, ...found.map((one) => one.seenAs)].includes(seenAs ?? "");
    if (seenAs === undefined || isTaken || shared.some((one) => isWithin(seenAs, one))) continue;
    const own = join(folder, basename(path) === "tmp" && path !== "/tmp" ? "vartmp" : "tmp");
    await fs.mkdir(own);
    await fs.chmod(own, 0o1777);
    found.push({ seenAs, folder: own });
  }
  return found;
}

function shownThrough({ places }: MachineSite, temporary: readonly OwnPlace[]): readonly ShownThrough[] {
  const covered = [places.workingFolder, ...temporary.map(({ seenAs }) => seenAs)];
  // What holds a whole place is not a part of it that could be shown.
  const parts = places.shown.filter(({ path }) => !covered.includes(path));
  return parts.map(({ path, isFolder }) => ({ path, isFolder, readOnly: false }));
}

/** Memory of its own, unless something in it is to be seen by all machines. */
async function privateMemory({ places }: MachineSite): Promise<string | undefined> {
  const inUse = [places.workingFolder, ...places.shown.map(({ path }) => path)];
  if (inUse.some((path) => isWithin(path, SHARED_MEMORY) || isWithin(SHARED_MEMORY, path))) return undefined;
  return (await realPathIfThere(SHARED_MEMORY)) === SHARED_MEMORY ? SHARED_MEMORY : undefined;
}

async function realPathIfThere(path: string): Promise<string | undefined> {
  try {
    return await fs.realpath(path);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

async function createMountPoint({ path, isFolder }: MountPoint): Promise<void> {
  await fs.mkdir(isFolder ? path : dirname(path), { recursive: true });
  if (!isFolder) await (await fs.open(path, "a")).close();
}

/**
 * Tries the real thing once, with a mount and a program.
 * @returns Why namespaces cannot be had here; undefined when they can.
 */
export async function whyNoNamespaces(
  site: Pick<MachineSite, "options" | "processes">,
  tools: NamespaceTools,
  folder: string,
): Promise<string | undefined> {
  const { processes, options } = site;
  const [seenAs, own] = [join(folder, "seen"), join(folder, "own")];
  for (const path of [folder, seenAs, own]) await fs.mkdir(path);
  await fs.writeFile(join(own, "file"), "");
  const view = new MachineView([{ seenAs, folder: own }], [], undefined);
  const { clock } = options;
  try {
    const steps = [
      ...view.mountPlan().steps,
      { kind: "memory" as const, from: "memory", to: join(seenAs, "memory") },
    ];
    await fs.mkdir(join(own, "memory"));
    const init = await startNamespace({ tools, steps, processes, clock });
    const parts = { init, tools, view, clock, processes, mark: init.mark, places: [] };
    const folders = { workFolder: own, tmpFolder: own, seenWorkFolder: seenAs, seenTmpFolder: seenAs };
    const housing = new NamespaceHousing({ ...parts, ...folders });
    const lines: string[] = [];
    const program = housing.launch(
      ["/bin/sh", "-c", "test -e file"],
      {},
      { environment: {}, onLine: (_, line) => lines.push(line) },
    );
    const { status } = await program.ended;
    await housing.kill();
    program.release();
    return status === 0 ? undefined : `a program could not be started in them: ${lines.join("; ")}`;
  } catch (error) {
    return reasonOf(error);
  }
}

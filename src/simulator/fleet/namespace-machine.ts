import fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { reasonOf } from "../../base/index.ts";
import { copyFolder, withoutShared } from "./folder-copy.ts";
import type { Housing } from "./housing.ts";
import type { LeftPlace } from "./left-behind.ts";
import type { MachineSite } from "./machine-site.ts";
import { MachineView, type MountPoint, type OwnPlace, type ShownThrough, isWithin } from "./machine-view.ts";
import type { SharedFolder } from "./machine.ts";
import { NamespaceHousing, SHARED_MEMORY } from "./namespace-housing.ts";
import { type NamespaceTools, startNamespace } from "./namespace-init.ts";
import { refuseWithoutMountPoint } from "./shared-places.ts";
import { isGone, readableName } from "./walk-folder.ts";
import { mountsIn } from "./wipe.ts";

/** Temporary folders of a system; the first is `TMPDIR`. */
const TEMPORARY = ["/tmp", "/var/tmp"];

/** Prepares a machine with namespaces of its own. */
export async function prepareNamespaceMachine(
  site: MachineSite,
  tools: NamespaceTools,
  folder: string,
  { mark, shared }: { readonly mark: string; readonly shared: readonly SharedFolder[] },
): Promise<{ readonly housing: Housing; readonly unreadable: readonly string[] }> {
  const { places, options, processes } = site;
  const workFolder = join(folder, "work");
  await fs.mkdir(workFolder);
  const copied = await copyFolder(withoutShared(places.copy, shared), workFolder, false);
  const temporary = await temporaryPlaces(site, folder, shared);
  const work: OwnPlace = { seenAs: places.workingFolder, folder: workFolder };
  const readOnly = copied.readOnly.map((key) => join(places.workingFolder, readableName(key)));
  const view = new MachineView(
    [work, ...temporary],
    [
      ...shownThrough(site, temporary, shared),
      ...readOnly.map((path) => ({ path, from: path, readOnly: true, isFolder: true })),
      ...(await mountedInInputs(places.inputs)),
      ...shared.map(({ path, source }) => ({ path, from: source, readOnly: false, isFolder: true })),
    ],
    await privateMemory(site, shared),
  );
  await refuseWithoutMountPoint(shared, view);
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

/** A temporary folder of its own for each of the system's, except one that is shared, an input or the working folder. */
async function temporaryPlaces(
  site: MachineSite,
  folder: string,
  shared: readonly SharedFolder[],
): Promise<readonly OwnPlace[]> {
  const { workingFolder, inputs } = site.places;
  const found: OwnPlace[] = [];
  for (const path of TEMPORARY) {
    const seenAs = await realPathIfThere(path);
    const taken = [
      workingFolder,
      ...inputs,
      ...shared.map((one) => one.path),
      ...found.map((one) => one.seenAs),
    ];
    if (seenAs === undefined || taken.includes(seenAs)) continue;
    const own = join(folder, basename(path) === "tmp" && path !== "/tmp" ? "vartmp" : "tmp");
    await fs.mkdir(own);
    await fs.chmod(own, 0o1777);
    found.push({ seenAs, folder: own });
  }
  return found;
}

function shownThrough(
  { places }: MachineSite,
  temporary: readonly OwnPlace[],
  shared: readonly SharedFolder[],
): readonly ShownThrough[] {
  const covered = [places.workingFolder, ...temporary.map(({ seenAs }) => seenAs)];
  // What holds a whole place is not a part of it that could be shown; what is shared is the job's copy of it.
  const parts = places.shown.filter(
    ({ path }) => !covered.includes(path) && !shared.some((one) => isWithin(path, one.path)),
  );
  return parts.map((part) => ({ ...part, from: part.path }));
}

/** Other file systems that are mounted in inputs: mounting a folder read-only leaves them out. */
async function mountedInInputs(inputs: readonly string[]): Promise<readonly ShownThrough[]> {
  const mountinfo = await fs.readFile("/proc/self/mountinfo", "latin1");
  const points = inputs.flatMap((input) => mountsIn(mountinfo, input).filter((point) => point !== input));
  const shown: ShownThrough[] = [];
  for (const path of new Set(points)) {
    const stat = await fs.stat(path).catch((error: unknown) => {
      // Something else may be mounted over it.
      if (isGone(error)) return undefined;
      throw error;
    });
    if (stat !== undefined) shown.push({ path, from: path, readOnly: true, isFolder: stat.isDirectory() });
  }
  return shown;
}

/** Memory of its own, unless something in it is to be seen by all machines. */
async function privateMemory(
  { places }: MachineSite,
  shared: readonly SharedFolder[],
): Promise<string | undefined> {
  const inUse = [places.workingFolder, ...[...places.shown, ...shared].map(({ path }) => path)];
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

import { randomBytes } from "node:crypto";
import fs from "node:fs/promises";
import { join } from "node:path";
import { SpotproofError, reasonOf } from "../../base/index.ts";
import { systemProcessTable } from "../../supervisor/index.ts";
import { findPlaces } from "./fleet-places.ts";
import { isFull, surveyFolder } from "./folder-copy.ts";
import { prepareFolderMachine } from "./folder-machine.ts";
import type { MachineSite } from "./machine-site.ts";
import type { Fleet, FleetIsolation, FleetOptions, Machine, MachineRequest } from "./machine.ts";
import { prepareNamespaceMachine, whyNoNamespaces } from "./namespace-machine.ts";
import { type NamespaceTools, findNamespaceTools } from "./namespace-init.ts";
import { RehearsalMachine } from "./rehearsal-machine.ts";
import { refuseUnreachable, refuseUnsharable } from "./shared-places.ts";
import { wipe } from "./wipe.ts";

/** Where in the workspace the machines lie. Short: it is part of their `TMPDIR`. */
const MACHINES = "machines";

/**
 * Prepares the machines of a rehearsal: looks at the working folder and at what this computer allows.
 * @throws SpotproofError `bad-usage` when the working folder is too large, when a folder is not there, and when
 *   namespaces are asked for that cannot be had.
 */
export async function prepareFleet(options: FleetOptions): Promise<Fleet> {
  const places = await findPlaces(options);
  const { readOnly } = await surveyFolder(places.copy);
  const site: MachineSite = {
    options,
    places,
    processes: systemProcessTable(options.platform),
    reportedInTmp: new Set(),
  };
  const folder = join(places.workspace, MACHINES);
  await fs.mkdir(folder);
  try {
    const found = options.isolation === "folders" ? "it was asked for" : await findNamespaces(site, folder);
    const seen = [...readOnly, ...places.inputs];
    const notes = [...isolationNotes(site, found), ...readOnlyNotes(seen, typeof found !== "string")];
    return new MachineFleet(site, folder, typeof found === "string" ? undefined : found, notes);
  } catch (error) {
    await wipe(folder, options.platform);
    throw error;
  }
}

/** The tools when namespaces can be had here, else the reason why not. */
async function findNamespaces(site: MachineSite, folder: string): Promise<NamespaceTools | string> {
  const found = await tryNamespaces(site, folder);
  if (typeof found !== "string" || site.options.isolation === "auto") return found;
  throw new SpotproofError(
    "bad-usage",
    `Machines cannot have namespaces of their own here: ${found}. Leave the isolation to Spotproof (auto), or choose folders.`,
  );
}

async function tryNamespaces(site: MachineSite, folder: string): Promise<NamespaceTools | string> {
  const { platform, uid, environment } = site.options;
  if (platform !== "linux") return "only Linux has them";
  if (uid !== 0) return "only root may have them";
  const tools = findNamespaceTools(environment["PATH"] ?? "");
  if (typeof tools === "string") return `the program ${tools} is missing (util-linux)`;
  const trial = join(folder, "trial");
  const reason = await whyNoNamespaces(site, tools, trial);
  await wipe(trial, platform);
  return reason ?? tools;
}

function isolationNotes({ places }: MachineSite, found: NamespaceTools | string): readonly string[] {
  if (typeof found !== "string") {
    return [
      `Every machine had its own processes, /tmp, /var/tmp and /dev/shm, and its own copy of ${places.workingFolder} at that path. The rest of this computer's disk, the home folder too, was the same for all: what the job writes there outlives machines here, and would not in the cloud.`,
    ];
  }
  return [
    `Machines were folders and trees of processes without namespaces (${found}). Each had its own copy of the working folder, and its own temporary folder in TMPDIR. What the job writes to /tmp by that name, or anywhere else by an absolute path (the home folder too), was neither private nor wiped; new files in /tmp were looked for.`,
  ];
}

function readOnlyNotes(folders: readonly string[], isEnforced: boolean): readonly string[] {
  if (folders.length === 0) return [];
  const named = folders.slice(0, 5).join(", ");
  const more = folders.length > 5 ? ` and ${folders.length - 5} more` : "";
  const how = isEnforced ? "could not write to them" : "must not write to them: they are your own";
  return [`Not copied for each machine, but seen by all: ${named}${more}. Jobs ${how}.`];
}

class MachineFleet implements Fleet {
  readonly isolation: FleetIsolation;
  readonly notes: readonly string[];
  readonly #site: MachineSite;
  readonly #folder: string;
  readonly #tools: NamespaceTools | undefined;
  /** Those that live, or are being prepared, by name. */
  readonly #machines = new Map<string, Promise<RehearsalMachine>>();
  #isClosed = false;

  constructor(
    site: MachineSite,
    folder: string,
    tools: NamespaceTools | undefined,
    notes: readonly string[],
  ) {
    this.isolation = tools === undefined ? "folders" : "namespaces";
    this.notes = notes;
    this.#site = site;
    this.#folder = folder;
    this.#tools = tools;
  }

  async rent(request: MachineRequest): Promise<Machine> {
    const { name } = request;
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$/.test(name) || this.#machines.has(name) || this.#isClosed) {
      throw new SpotproofError(
        "internal",
        `A machine of a rehearsal cannot be called "${name}", or there is one already, or the rehearsal is over.`,
      );
    }
    const machine = this.#prepare(request);
    this.#machines.set(name, machine);
    try {
      return await machine;
    } catch (error) {
      this.#machines.delete(name);
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const failures: unknown[] = [];
    for (const preparing of this.#machines.values()) {
      const [result] = await Promise.allSettled([preparing]);
      // Whoever rented it has heard why it could not be had.
      if (result?.status !== "fulfilled") continue;
      const [end] = await Promise.allSettled([result.value.end()]);
      if (end?.status === "rejected") failures.push(end.reason);
    }
    if (failures.length > 0) throw failures[0];
    await wipe(this.#folder, this.#site.options.platform);
  }

  async #prepare({ name, environment, shared = [] }: MachineRequest): Promise<RehearsalMachine> {
    const { places } = this.#site;
    refuseUnsharable(
      shared.map(({ path }) => path),
      places,
    );
    refuseUnreachable(shared, places.workingFolder, this.isolation);
    const folder = join(this.#folder, name);
    const { options, processes } = this.#site;
    const remove = (): Promise<void> => wipe(folder, options.platform);
    const mark = randomBytes(16).toString("hex");
    await fs.mkdir(folder);
    try {
      const { housing, unreadable } =
        this.#tools === undefined
          ? await prepareFolderMachine(this.#site, folder, { mark, shared })
          : await prepareNamespaceMachine(this.#site, this.#tools, folder, { mark, shared });
      const missing = shared.flatMap((one) => one.unreadable ?? []);
      return new RehearsalMachine({
        name,
        housing,
        processes,
        notes: unreadableNotes([...unreadable, ...missing]),
        environment: options.environment,
        added: environment,
        mark,
        wipe: async () => {
          await remove();
          this.#machines.delete(name);
        },
      });
    } catch (error) {
      await remove();
      throw preparationError(error, name);
    }
  }
}

function preparationError(error: unknown, name: string): SpotproofError {
  if (error instanceof SpotproofError) return error;
  return new SpotproofError(
    isFull(error) ? "disk-full" : "internal",
    `Machine ${name} of the rehearsal could not be prepared: ${reasonOf(error)}.`,
    { cause: error },
  );
}

function unreadableNotes(unreadable: readonly string[]): readonly string[] {
  if (unreadable.length === 0) return [];
  const more = unreadable.length > 5 ? ` and ${unreadable.length - 5} more` : "";
  return [
    `Could not be read, so that the machine does not have it: ${unreadable.slice(0, 5).join(", ")}${more}.`,
  ];
}

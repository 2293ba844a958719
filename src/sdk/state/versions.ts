import { SpotproofError, reasonOf } from "../../base/index.ts";

/** A state as it was saved, with what is kept beside it. */
export interface SavedState {
  /** The version of the program's state: a positive whole number. */
  readonly version: number;
  /** What `decodeState` gave. */
  readonly state: unknown;
}

/** What a program says about the versions of its state. `Plain` is what is saved, `State` what the program works with. */
export interface ReviveOptions<State, Plain = State> {
  /** The version of the state that this program writes; default 1. */
  readonly version?: number;
  /** Makes a state of this version from one of an older version, which may be changed in place and must be returned. */
  readonly migrate?: (old: unknown, fromVersion: number) => Plain | Promise<Plain>;
  /** Makes the program's state from what was saved; without it they are the same. */
  readonly decode?: (plain: Plain) => State | Promise<State>;
}

/** The version of a state whose program says nothing about it. */
export const FIRST_VERSION = 1;

/**
 * The version of a program's state as it says it.
 * @throws SpotproofError `bad-usage` if it is no positive whole number
 */
export function stateVersion(version: number = FIRST_VERSION): number {
  if (isVersion(version)) return version;
  throw new SpotproofError(
    "bad-usage",
    `The version of a state is a whole number from 1 on; found ${String(version)}.`,
  );
}

function isVersion(version: unknown): boolean {
  return Number.isSafeInteger(version) && (version as number) >= FIRST_VERSION;
}

/**
 * Makes the program's state from a saved one: as it is, or migrated when it is older. Nothing that is stored is changed,
 * whatever happens here.
 * @throws SpotproofError `state-outdated` when it is older and cannot be migrated, or newer; `state-unreadable` when the
 * saved version is none, or `decode` throws; `bad-usage`
 */
export async function reviveState<State, Plain = State>(
  saved: SavedState,
  options: ReviveOptions<State, Plain>,
): Promise<State> {
  const version = stateVersion(options.version);
  if (!isVersion(saved.version)) {
    const detail = `Its version should be a whole number from 1 on and is ${String(saved.version)}.`;
    throw new SpotproofError("state-unreadable", detail);
  }
  const plain =
    saved.version === version ? (saved.state as Plain) : await migrated(saved, version, options.migrate);
  if (options.decode === undefined) return plain as unknown as State;
  try {
    return await options.decode(plain);
  } catch (error) {
    throw new SpotproofError("state-unreadable", `The program's \`decode\` failed: ${reasonOf(error)}`, {
      cause: error,
    });
  }
}

async function migrated<Plain>(
  saved: SavedState,
  version: number,
  migrate: ReviveOptions<unknown, Plain>["migrate"],
): Promise<Plain> {
  const from = saved.version;
  if (from > version) {
    throw outdated(
      `It was saved by version ${from} of this program, and this is version ${version}, which is older and must not touch it: start the newer program again.`,
    );
  }
  if (migrate === undefined) {
    throw outdated(
      `It was saved by version ${from} of this program, which now has version ${version} and no migration.`,
    );
  }
  const plain = await attempted(migrate, saved, version);
  if (plain !== undefined) return plain;
  throw outdated(
    `The migration from version ${from} to ${version} returned nothing: return the new state from \`migrate\`.`,
  );
}

async function attempted<Plain>(
  migrate: NonNullable<ReviveOptions<unknown, Plain>["migrate"]>,
  saved: SavedState,
  version: number,
): Promise<Plain> {
  try {
    return await migrate(saved.state, saved.version);
  } catch (error) {
    throw outdated(
      `The migration from version ${saved.version} to ${version} failed: ${reasonOf(error)}`,
      error,
    );
  }
}

function outdated(detail: string, cause?: unknown): SpotproofError {
  return new SpotproofError("state-outdated", detail, cause === undefined ? undefined : { cause });
}

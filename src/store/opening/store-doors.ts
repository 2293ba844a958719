import type { Clock, Random } from "../../base/index.ts";
import { openFileStore } from "../file/file-store.ts";
import type { OpenedStore } from "../opened-store.ts";
import { quietly } from "./quiet-aws-sdk.ts";
import type { StoreLocation } from "./store-location.ts";

/** Most programs never write so many small objects in a life, and need no thread for them. */
const FEW_WRITES = 32;

/** How a store of any kind is opened. */
export interface OpenHow {
  /** `read` creates nothing, not even the marker. */
  readonly mode: "read" | "write";
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** So many connections at most, where the store has connections; undefined = what suits its kind. */
  readonly maxConnections: number | undefined;
  /** Small objects will be created by the thousand. */
  readonly manySmallWrites?: boolean | undefined;
}

type Open<Kind extends StoreLocation["kind"]> = (
  location: Extract<StoreLocation, { readonly kind: Kind }>,
  how: OpenHow,
) => Promise<OpenedStore>;

/** The doors of all kinds of stores. Each is loaded only when one of its kind is opened. */
export type StoreDoors = { readonly [Kind in StoreLocation["kind"]]: Open<Kind> };

/** One door for each kind: reads the location and opens the store. */
export const STORE_DOORS: StoreDoors = {
  folder: async ({ folder }, { mode, signal, manySmallWrites }) => {
    const store = await openFileStore(folder, {
      mode,
      signal,
      threadAfter: manySmallWrites === true ? FEW_WRITES : undefined,
    });
    return {
      store,
      caution: store.caution,
      sweep: (options) => store.sweep(options),
      close: () => Promise.resolve(store.close()),
    };
  },
  s3: async ({ url }, how) => {
    const { openS3Store, parseS3Location } = await import("../s3/index.ts");
    return openS3Store({ location: parseS3Location(url), ...how });
  },
  dynamodb: async ({ url }, how) => {
    const { openDynamoDbStore, parseDynamoDbLocation } = await import("../dynamodb/index.ts");
    return openDynamoDbStore({ ...parseDynamoDbLocation(url), ...how });
  },
  sqlite: async ({ kind, file, workingFolder, called }, how) => {
    const { openSqliteStore } = await import("../sql/index.ts");
    return openSqliteStore({ location: { kind, path: file }, workingFolder, called, ...how });
  },
  postgres: async ({ url, workingFolder }, how) => {
    const { openPostgresStore, parsePostgresLocation } = await import("../sql/index.ts");
    return openPostgresStore({ location: parsePostgresLocation(url), workingFolder, ...how });
  },
};

/** Opens the store with the door of its kind. */
export function openDoor(location: StoreLocation, how: OpenHow, doors = STORE_DOORS): Promise<OpenedStore> {
  switch (location.kind) {
    case "folder":
      return doors.folder(location, how);
    case "sqlite":
      return doors.sqlite(location, how);
    case "s3":
      return quietly(() => doors.s3(location, how));
    case "dynamodb":
      return quietly(() => doors.dynamodb(location, how));
    case "postgres":
      return doors.postgres(location, how);
    default:
      return location satisfies never;
  }
}

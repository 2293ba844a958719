import { SpotproofError, reasonOf } from "../base/index.ts";

/** The version of the layout of stores that this program writes and the highest that it knows. */
const STORE_FORMAT = 1;

/** What says in every store which layout it has. Not listed, and never the key of an object. */
export const STORE_MARKER = "spotproof-store.json";

/** What a new store's marker holds. */
export function storeMarker(): Buffer {
  const about =
    "The store of Spotproof. Its files are described in docs/job-protocol.md and docs/checkpoint-format.md.";
  return Buffer.from(`${JSON.stringify({ format: STORE_FORMAT, about })}\n`);
}

/**
 * Refuses a store of another layout. `place` names the marker in messages.
 * @throws SpotproofError `store-newer`, `record-damaged`
 */
export function requireKnownFormat(marker: Buffer, place: string): void {
  const format = formatOf(marker, place);
  if (format <= STORE_FORMAT) return;
  throw new SpotproofError(
    "store-newer",
    `${place} says format ${format}; this version knows ${STORE_FORMAT}.`,
  );
}

function formatOf(marker: Buffer, place: string): number {
  let content: unknown;
  try {
    content = JSON.parse(marker.toString("utf8"));
  } catch (error) {
    throw new SpotproofError("record-damaged", `${place} is not JSON: ${reasonOf(error)}.`, { cause: error });
  }
  const format =
    typeof content === "object" && content !== null && "format" in content ? content.format : undefined;
  if (typeof format === "number") return format;
  throw new SpotproofError("record-damaged", `${place} does not say which format the store has.`);
}

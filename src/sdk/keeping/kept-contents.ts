import { SpotproofError } from "../../base/index.ts";
import type { Contents } from "../../checkpoint/index.ts";
import type { KeptParts } from "./keeper.ts";
import { POSITION_FILE, pathOf } from "./layout.ts";
import { NO_RECORD } from "./no-record.ts";
import { type RecordPosition, positionFromText } from "./record-position.ts";

/**
 * The record that a checkpoint holds, and where its parts lie.
 * @throws SpotproofError `checkpoint-damaged`
 */
export async function keptParts(
  contents: Contents,
): Promise<{ readonly parts: KeptParts; readonly places: RecordPosition["parts"] }> {
  const path = pathOf(POSITION_FILE);
  // A checkpoint of `spotproof run` with a program that kept no record: nothing is known, and nothing is wrong.
  if (!contents.files.has(path)) {
    return { places: {}, parts: NO_RECORD };
  }
  const { index, parts: places } = positionFromText((await contents.read(path)).toString("utf8"), path);
  const fileOf = (name: string): string => {
    const place = places[name];
    if (place === undefined) throw new SpotproofError("internal", `The record has no part ${name}.`);
    const file = pathOf(place.file);
    if ((contents.files.get(file) ?? -1) < place.bytes) {
      throw new SpotproofError("checkpoint-damaged", `${file} is shorter than the record's position says.`);
    }
    return file;
  };
  const parts: KeptParts = {
    index,
    sizes: new Map(Object.entries(places).map(([name, { bytes }]) => [name, bytes])),
    read: async (name) => (await contents.read(fileOf(name))).subarray(0, places[name]?.bytes),
    stream: (name, from) => slice(contents.stream(fileOf(name)), from ?? 0, places[name]?.bytes ?? 0),
  };
  return { parts, places };
}

async function* slice(stream: AsyncIterable<Buffer>, from: number, until: number): AsyncIterable<Buffer> {
  let at = 0;
  for await (const piece of stream) {
    const start = Math.max(0, from - at);
    const end = Math.min(piece.length, until - at);
    at += piece.length;
    if (start < end) yield piece.subarray(start, end);
    if (at >= until) return;
  }
}

import { SpotproofError } from "../../base/index.ts";

// `position.json`: which parts belong together. One text in both ways in which a record is kept.

/** Where a part lies, and how much of the file counts. */
export interface PartPlace {
  readonly file: string;
  readonly bytes: number;
}

/** What `position.json` says. */
export interface RecordPosition {
  /** What the program's job says of its parts. */
  readonly index: Readonly<Record<string, unknown>>;
  readonly parts: Readonly<Record<string, PartPlace>>;
}

/** As it is written. */
export function positionToText(position: RecordPosition): string {
  return `${JSON.stringify(position)}\n`;
}

/** @throws SpotproofError `checkpoint-damaged`; `where` names the file */
export function positionFromText(text: string, where: string): RecordPosition {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SpotproofError("checkpoint-damaged", `${where} is not JSON.`, { cause: error });
  }
  if (isRecord(value)) {
    const { index, parts } = value;
    if (isRecord(index) && isRecord(parts) && Object.values(parts).every(isPlace)) {
      return { index, parts: parts as RecordPosition["parts"] };
    }
  }
  throw new SpotproofError("checkpoint-damaged", `${where} does not say what it must.`);
}

function isPlace(value: unknown): value is PartPlace {
  if (!isRecord(value)) return false;
  const { file, bytes } = value;
  return typeof file === "string" && /^[A-Za-z0-9._-]+$/.test(file) && Number.isSafeInteger(bytes);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

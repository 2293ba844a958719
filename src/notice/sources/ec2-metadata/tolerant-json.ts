/** A JSON object whose keys are lower case and whose values are whatever came. */
export type LooseObject = Readonly<Record<string, unknown>>;

/**
 * Reads JSON the way a notice deserves it (D18): text around it is skipped, a lone object counts as a list of one, keys
 * may be written in any case. Undefined when there is no JSON object or array in the text.
 */
export function readLooseJson(text: string): readonly LooseObject[] | undefined {
  const parsed = parse(text.trim()) ?? parse(between(text, "[", "]")) ?? parse(between(text, "{", "}"));
  if (parsed === undefined) return undefined;
  const items: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return items.filter((item) => typeof item === "object" && item !== null).map(lowerKeys);
}

/** The text or number under the first of the names that is there, as text; undefined for anything else. */
export function textField(object: LooseObject, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = object[name];
    if (typeof value === "number") return String(value);
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return undefined;
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    // Not JSON: the caller tries a smaller piece, or says so.
    return undefined;
  }
}

function between(text: string, open: string, close: string): string {
  const from = text.indexOf(open);
  const to = text.lastIndexOf(close);
  return from >= 0 && to > from ? text.slice(from, to + 1) : "";
}

function lowerKeys(item: object): LooseObject {
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key.toLowerCase(), value]));
}

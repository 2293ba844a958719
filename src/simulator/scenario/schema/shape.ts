import * as v from "valibot";

/**
 * A mapping with these keys and no others. The message about an unknown key is the list of those that are known: whoever explains
 * the mistake finds the nearest one (`mistakes.ts`).
 */
export function shape<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries).join(" ");
  return v.strictObject(entries, ({ expected }) => {
    if (expected === "never") return known;
    return expected === "Object" ? "must be a mapping (key: value)" : "is missing";
  });
}

/** A list of at most so many. */
export function list<const Item extends v.GenericSchema>(item: Item, most: number) {
  return v.pipe(
    v.array(item, "must be a list"),
    v.maxLength(most, `has too many entries: ${most} are the most`),
  );
}

/** A field that may be left out, with what it is for, where an editor shows it. */
export function field<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.optional(described(schema, description));
}

/** Says what a value is for. It comes first in the pipe: the published schema ends where a value is transformed. */
export function described<const Schema extends v.GenericSchema>(schema: Schema, description: string): Schema {
  const [first, ...rest]: readonly unknown[] =
    "pipe" in schema && Array.isArray(schema.pipe) ? schema.pipe : [schema];
  const steps = [first, v.description(description), ...rest] as unknown as [v.GenericSchema];
  return v.pipe(...steps) as unknown as Schema;
}

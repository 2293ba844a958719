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

/** Says what a field is for, where an editor shows it. */
export function field<const Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.optional(v.pipe(schema, v.description(description)));
}

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

// Declarations of TypeScript sources as they stand there, with their doc comments: the compiler in use offers no interface
// of its own. Relies on the formatting that `npm run check:format` enforces: what begins at the left margin ends there.

/** One exported declaration. */
export interface Declaration {
  readonly name: string;
  /** Doc comment and declaration; of functions and classes without what is inside. */
  readonly text: string;
}

const BEGINNING =
  /^export (?:declare )?(?:abstract )?(?:async )?(interface|type|const|function|class) ([A-Za-z0-9_]+)/;

/** Every exported declaration of the sources below a folder, by name. A name that is declared twice is left out. */
export function declarationsBelow(folder: string): ReadonlyMap<string, Declaration> {
  const found = new Map<string, Declaration>();
  const twice = new Set<string>();
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!path.endsWith(".ts") || /\.(test|contract|fixture)\.ts$/.test(path)) continue;
    for (const declaration of declarationsOf(readFileSync(join(folder, path), "utf8"))) {
      if (found.has(declaration.name)) twice.add(declaration.name);
      found.set(declaration.name, declaration);
    }
  }
  for (const name of twice) found.delete(name);
  return found;
}

/** The names that a file of re-exports hands on, and those that it declares, in the order in which they stand there. */
export function exportedNames(text: string): readonly string[] {
  const lists = [...text.matchAll(/^export (?:type )?\{([^}]+)\} from/gm)].flatMap(
    ({ 1: list = "", index }) =>
      list
        .split(",")
        .map((item) => item.trim().replace(/^type /, ""))
        .filter((item) => item !== "")
        .map((name) => ({ name, index })),
  );
  const own = [...text.matchAll(/^export (?:async )?(?:const|function|class) ([A-Za-z0-9_]+)/gm)].map(
    ({ 1: name = "", index }) => ({ name, index }),
  );
  return [...lists, ...own].sort((a, b) => a.index - b.index).map(({ name }) => name);
}

/** The exported declarations of one source. */
export function declarationsOf(text: string): readonly Declaration[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const [, kind, name] = BEGINNING.exec(line) ?? [];
    if (kind === undefined || name === undefined) return [];
    const comment = lines.slice(commentBefore(lines, at), at);
    const body = lines.slice(at, endOf(lines, at, kind));
    return [{ name, text: [...comment, ...body].join("\n").replace(/^export /gm, "") }];
  });
}

function commentBefore(lines: readonly string[], at: number): number {
  if (lines[at - 1]?.endsWith("*/") !== true) return at;
  let start = at - 1;
  while (start > 0 && !(lines[start] ?? "").startsWith("/**")) start -= 1;
  return start;
}

function endOf(lines: readonly string[], at: number, kind: string): number {
  const isLast = (line: string): boolean => {
    switch (kind) {
      case "interface":
        return line.startsWith("}") || line.endsWith("{}");
      case "type":
        return line.endsWith(";") && !/^ {4,}/.test(line);
      default:
        // Only the head of what is carried out.
        return /(\{|=>|;)$/.test(line) && /^(export|\)|\}|  \w+<|const)/.test(line);
    }
  };
  let end = at;
  while (end < lines.length && !isLast(lines[end] ?? "")) end += 1;
  return end + 1;
}

import {
  LineCounter,
  type Document,
  type Node,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parseDocument,
} from "yaml";
import { reasonOf } from "../../base/index.ts";
import { type FieldPath, type Mistake, mistakesError } from "./mistakes.ts";

/** A longer text is refused: scenarios are written by people. */
const MOST_CHARACTERS = 1_000_000;

/** Aliases may not multiply beyond this. */
const MOST_ALIASES = 100;

/** A scenario's text, taken apart, with the places of its values. */
export interface ScenarioText {
  readonly value: unknown;
  /** The place of a value, or of what comes nearest to it on the way there. */
  place(path: FieldPath): Place;
  /** The place of a key. */
  keyPlace(path: FieldPath): Place;
  /** The value as it is written, shortened; undefined when it is not there. */
  written(path: FieldPath): string | undefined;
}

type Place = Pick<Mistake, "line" | "column">;

/**
 * Takes YAML 1.2 (and so JSON) apart.
 * @throws SpotproofError `bad-usage` with all mistakes of the syntax and their places
 */
export function parseScenarioText(text: string, where: string): ScenarioText {
  if (text.length > MOST_CHARACTERS) {
    throw mistakesError(where, [
      { line: 1, column: 1, words: `it has more than ${MOST_CHARACTERS} characters` },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const broken = [...document.errors, ...document.warnings].map((error) => ({
    ...placeAt(error.pos[0]),
    words: explainSyntax(error.message),
  }));
  if (broken.length > 0) throw mistakesError(where, broken);
  const offsetOf = (path: FieldPath): number => nodeAt(document, path).node?.range?.[0] ?? 0;
  return {
    value: plainValue(document, where),
    place: (path) => placeAt(offsetOf(path)),
    keyPlace: (path) => placeAt(keyOffset(document, path) ?? offsetOf(path)),
    written(path) {
      const { node, whole } = nodeAt(document, path);
      return whole && node?.range !== undefined && node.range !== null
        ? shortened(text.slice(node.range[0], node.range[1]))
        : undefined;
    },
  };
}

function plainValue(document: Document, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    // Aliases that multiply beyond the limit.
    const words = `its anchors and aliases cannot be followed: ${reasonOf(error)}`;
    throw mistakesError(where, [{ line: 1, column: 1, words }]);
  }
}

/** The node at a path; `whole`: it was reached, and is not only the last one on the way. */
function nodeAt(
  document: Document,
  path: FieldPath,
): { readonly node: Node | undefined; readonly whole: boolean } {
  let node = resolved(document, document.contents);
  for (const part of path) {
    const next = resolved(document, isMap(node) || isSeq(node) ? node.get(part, true) : undefined);
    if (next === undefined) return { node, whole: false };
    node = next;
  }
  return { node, whole: node !== undefined };
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}

function keyOffset(document: Document, path: FieldPath): number | undefined {
  const { node } = nodeAt(document, path.slice(0, -1));
  if (!isMap(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
  return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
}

function explainSyntax(message: string): string {
  if (/tab/i.test(message)) return `${message}: indent with spaces`;
  if (message.includes("Map keys must be unique")) return "this key is given twice: keep one of them";
  if (message.includes("multiple documents"))
    return "there is a second document (---): a file holds one scenario";
  return message;
}

function shortened(text: string): string {
  const line = text
    .trim()
    .split(/\s*\n\s*/)
    .join(" ");
  return line.length > 40 ? `${line.slice(0, 40)}…` : line;
}

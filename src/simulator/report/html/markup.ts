import { visibleText } from "../display-text.ts";

/** Text that is HTML or SVG already. Only `html` makes it. */
export interface Markup {
  readonly markup: string;
}

/** What may stand in a template: text is escaped, markup is not, a list is joined, nothing is left out. */
export type Piece = Markup | string | number | undefined | readonly Piece[];

/** A template whose inserted texts cannot become markup: what a record holds was written by anybody. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const markup = strings.map((string, index) => string + writtenOut(pieces[index])).join("");
  return { markup };
}

function writtenOut(piece: Piece): string {
  if (piece === undefined) return "";
  if (typeof piece === "string") return escapeText(piece);
  if (typeof piece === "number") return String(piece);
  return "markup" in piece ? piece.markup : piece.map(writtenOut).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  return visibleText(text).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** Text of others inside a sentence: its direction of writing stays inside. */
export function foreign(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

/** A command or a path. */
export function code(text: string): Markup {
  return html`<code dir="ltr">${text}</code>`;
}

/** A coordinate, short. */
export function px(value: number): number {
  return Math.round(value * 10) / 10;
}

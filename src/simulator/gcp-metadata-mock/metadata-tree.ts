import { createHash } from "node:crypto";

/** A value of the metadata server, or a folder of such. Ids are larger than a number of JavaScript. */
export type MetadataNode =
  | string
  | number
  | bigint
  | readonly string[]
  | readonly MetadataFolder[]
  | MetadataFolder;

/** Names as the server writes them in a path, with hyphens. */
export interface MetadataFolder {
  readonly [name: string]: MetadataNode;
}

/** Whether something lies below it. A list of words is a value, a list of folders is a folder. */
export function isFolder(node: MetadataNode): node is MetadataFolder | readonly MetadataFolder[] {
  if (typeof node !== "object") return false;
  return !Array.isArray(node) || node.length === 0 || typeof node[0] === "object";
}

/** What lies directly below a folder. */
export function childrenOf(
  folder: MetadataFolder | readonly MetadataFolder[],
): readonly (readonly [name: string, node: MetadataNode])[] {
  return Object.entries(folder as MetadataFolder);
}

/** The node at a path; undefined when there is none. */
export function nodeAt(root: MetadataFolder, path: readonly string[]): MetadataNode | undefined {
  let node: MetadataNode | undefined = root;
  for (const name of path) {
    if (node === undefined || !isFolder(node) || !Object.hasOwn(node, name)) return undefined;
    node = (node as MetadataFolder)[name];
  }
  return node;
}

/** The names in a folder, one in a line, folders with a slash. */
export function folderListing(folder: MetadataFolder | readonly MetadataFolder[]): string {
  return childrenOf(folder)
    .map(([name, node]) => `${name}${isFolder(node) ? "/" : ""}\n`)
    .sort()
    .join("");
}

/** Secrets, which `recursive=true` leaves out. */
const LEFT_OUT: readonly string[] = ["token", "identity"];
/** Folders whose names were chosen by people: they stay as they are in JSON. */
const OWN_NAMES: readonly string[] = ["attributes", "service-accounts", "guest-attributes"];

/** As `alt=json` writes it: names in camel case. */
export function nodeAsJson(node: MetadataNode, folderName = ""): string {
  if (typeof node === "bigint") return node.toString();
  if (!isFolder(node)) return JSON.stringify(node);
  if (Array.isArray(node)) return `[${node.map((one: MetadataFolder) => nodeAsJson(one)).join(",")}]`;
  const parts = childrenOf(node)
    .filter(([name]) => !LEFT_OUT.includes(name))
    .map(([name, child]) => {
      const key = OWN_NAMES.includes(folderName)
        ? name
        : name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      return `${JSON.stringify(key)}:${nodeAsJson(child, name)}`;
    });
  return `{${parts.join(",")}}`;
}

/** As `alt=text` writes it: a value as it is, a folder as one line for each value below it. */
export function nodeAsText(node: MetadataNode): string {
  if (isFolder(node)) return linesBelow(node, "");
  return Array.isArray(node) ? node.map((one: string) => `${one}\n`).join("") : String(node);
}

function linesBelow(folder: MetadataFolder | readonly MetadataFolder[], prefix: string): string {
  return childrenOf(folder)
    .filter(([name]) => !LEFT_OUT.includes(name))
    .map(([name, node]) => {
      if (isFolder(node)) return linesBelow(node, `${prefix}${name}/`);
      const values = Array.isArray(node) ? (node as readonly string[]) : [String(node)];
      return values.map((value) => `${prefix}${name} ${value}\n`).join("");
    })
    .join("");
}

/** Sixteen hexadecimal digits that change whenever the node does, also when it changes back. */
export function etagOf(node: MetadataNode, changes: number): string {
  const content = isFolder(node) ? nodeAsJson(node) : nodeAsText(node);
  return createHash("sha256").update(`${changes}\n${content}`).digest("hex").slice(0, 16);
}

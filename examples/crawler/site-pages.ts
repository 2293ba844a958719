import { readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { CHECKOUT, realFiles } from "../real-files.ts";
import { escaped } from "./html.ts";

/** A page of the site. */
export interface SitePage {
  /** As it stands in a request: `/docs/architecture.md`, `/docs/`. */
  readonly path: string;
  readonly title: string;
  readonly html: string;
}

const MOST_BYTES = 100_000;

/** The pages of a site made of so many files, by their paths: one for each file, and one for each folder. */
export function pagesOf(count: number): ReadonlyMap<string, SitePage> {
  const files = realFiles({
    folders: ["docs", "node_modules"],
    endings: [".md", ".d.ts"],
    mostBytes: MOST_BYTES,
    count,
  });
  const pages = [...files.map(filePage), ...folderPages(files)];
  return new Map(pages.map((page) => [page.path, page]));
}

function filePage(file: string): SitePage {
  const text = readFileSync(join(CHECKOUT, file), "utf8");
  const title = (file.endsWith(".md") ? /^# (.+)$/m.exec(text)?.[1] : undefined) ?? file;
  const links = [".", ...linksOf(file, text)];
  return pageOf(pathOf(file), title.trim(), links, `<pre>${escaped(text)}</pre>`);
}

/** Where a text links to, relative to itself: links of Markdown, imports of TypeScript. Some lead to what is no page here. */
function linksOf(file: string, text: string): readonly string[] {
  if (file.endsWith(".md")) return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  const imports = [...text.matchAll(/(?:from|import)\s*\(?"(\.[^"]+)"/g)].map(([, target = ""]) => target);
  return imports.map((target) => `${target.replace(/\.js$/, "")}.d.ts`);
}

/** Every folder that a file lies in, up to the root, with links to what is in it. */
function folderPages(files: readonly string[]): readonly SitePage[] {
  const contents = new Map<string, Set<string>>([["", new Set(["private/"])]]);
  for (const file of files) {
    let inside = posix.basename(file);
    for (let folder = posix.dirname(file); ; folder = posix.dirname(folder)) {
      const name = folder === "." ? "" : folder;
      const entries = contents.get(name) ?? new Set();
      contents.set(name, entries.add(inside));
      if (name === "") break;
      inside = `${posix.basename(name)}/`;
    }
  }
  return [...contents].map(([folder, entries]) => {
    const path = folder === "" ? "/" : `${pathOf(folder)}/`;
    return pageOf(
      path,
      path,
      [...entries].map((entry) => encodeURI(`./${entry}`)),
      "",
    );
  });
}

function pageOf(path: string, title: string, links: readonly string[], body: string): SitePage {
  const items = links.map((link) => `<li><a href="${escaped(link)}">${escaped(link)}</a></li>`);
  const html = `<!doctype html>\n<title>${escaped(title)}</title>\n<ul>\n${items.join("\n")}\n</ul>\n${body}\n`;
  return { path, title, html };
}

const pathOf = (file: string): string => encodeURI(`/${file}`);

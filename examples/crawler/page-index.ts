/** What the index says of a page. */
export interface IndexedPage {
  readonly url: string;
  readonly title: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** One line for each page, in the order of their paths, so that the same pages give the same text. */
export function indexOf(pages: readonly IndexedPage[]): string {
  const lines = pages.map(({ url, title, bytes, sha256 }) => {
    return `${new URL(url).pathname}\t${bytes}\t${sha256}\t${title.replaceAll(/\s+/g, " ")}\n`;
  });
  return lines.sort().join("");
}

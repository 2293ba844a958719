// As much of HTML as the example's site speaks. For pages of the wild take a parser.

/** The text of the title; empty without one. */
export function titleOf(html: string): string {
  return unescaped(/<title>([^<]*)<\/title>/.exec(html)?.[1] ?? "");
}

/** Absolute addresses of what a page links to on its own site, each once, without `#…`. */
export function linksIn(html: string, base: string): readonly string[] {
  const { origin } = new URL(base);
  const links = new Set<string>();
  for (const [, target = ""] of html.matchAll(/<a href="([^"]*)"/g)) {
    if (!URL.canParse(unescaped(target), base)) continue;
    const link = new URL(unescaped(target), base);
    if (link.origin !== origin) continue;
    link.hash = "";
    links.add(link.href);
  }
  return [...links];
}

/** A text as it stands in HTML, attributes included. */
export function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function unescaped(text: string): string {
  return text
    .replaceAll("&quot;", '"')
    .replaceAll("&gt;", ">")
    .replaceAll("&lt;", "<")
    .replaceAll("&amp;", "&");
}

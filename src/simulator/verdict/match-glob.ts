/** Whether a path matches a pattern in which `*` stands for anything within a name, `**` for anything, `?` for one character. */
export function matchesGlob(path: string, glob: string): boolean {
  const pattern = glob
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll(/\*\*\/?|\*|\?/g, (wild) => (wild === "?" ? "[^/]" : wild === "*" ? "[^/]*" : ".*"));
  const whole = new RegExp(`^${pattern}$`, "s");
  // A pattern without a slash is about the name alone, as in most tools.
  return whole.test(path) || (!glob.includes("/") && whole.test(path.slice(path.lastIndexOf("/") + 1)));
}

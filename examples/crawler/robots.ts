/** What a robots.txt (RFC 9309) disallows for everybody: beginnings of paths. */
export function disallowedBy(text: string): readonly string[] {
  const disallowed: string[] = [];
  let agents: string[] = [];
  let inRules = false;
  for (const line of text.split("\n")) {
    const [, field = "", value = ""] = /^\s*([a-z-]+)\s*:\s*([^#\s]*)/i.exec(line) ?? [];
    if (/^user-agent$/i.test(field)) {
      // The first agent after rules begins another group.
      agents = inRules ? [value] : [...agents, value];
      inRules = false;
    } else if (field !== "") {
      inRules = true;
      if (/^disallow$/i.test(field) && value !== "" && agents.includes("*")) disallowed.push(value);
    }
  }
  return disallowed;
}

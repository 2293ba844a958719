import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";
import { processIo } from "../src/cli/command-io.ts";
import { buildProgram } from "../src/cli/program.ts";
import { shellLines } from "./documentation/shell-lines.ts";

// What the pages say must be so: commands are understood, scripts and linked files exist, and the first steps work.

const PAGES = ["README.md", "CONTRIBUTING.md", "examples/README.md", ...pagesBelow("docs")];

function pagesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name));
}

function linesOf(page: string): readonly string[] {
  return shellLines(readFileSync(page, "utf8"));
}

/** Splits as a shell does, for words with simple quotes. */
function words(line: string): readonly string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? "",
  );
}

const spotproofLines = PAGES.flatMap((page) => linesOf(page).map((line) => ({ page, line }))).flatMap(
  ({ page, line }) => {
    const command = /^(?:[A-Z_]+=\S+ )*(?:npx )?spotproof (.*)$/.exec(line)?.[1];
    return command === undefined ? [] : [{ page, command: command.replace(/\s*(&|\|.*|>.*)$/, "") }];
  },
);

test("the pages show commands of ours", () => {
  expect(spotproofLines.length).toBeGreaterThan(10);
});

test.each(spotproofLines)("$page: spotproof $command is understood", ({ command }) => {
  const said: string[] = [];
  const io = {
    ...processIo(),
    out: (text: string) => void said.push(text),
    err: (text: string) => void said.push(text),
  };
  let chosen = false;
  const program = buildProgram(io, () => {
    chosen = true;
  });
  expect(() => program.parse([...words(command)], { from: "user" }), said.join("")).not.toThrow();
  expect(chosen).toBe(true);
});

test.each(PAGES)("%s: every npm script that it names exists, and every file that it links to", (page) => {
  const text = readFileSync(page, "utf8");
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map((match) => match[1] ?? "");
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const linked = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map((match) => match[1] ?? "");
  expect(linked.filter((target) => !existsSync(resolve(dirname(page), target)))).toEqual([]);
});

/** The names under which GitHub links to the headings of a page. */
function anchorsOf(page: string): readonly string[] {
  const headings = [...readFileSync(page, "utf8").matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-"),
  );
}

test.each(PAGES)("%s: every heading that it links to exists", (page) => {
  const linked = [...readFileSync(page, "utf8").matchAll(/\]\(([^)#:]*)#([^)]+)\)/g)];
  const broken = linked.filter(([, target = "", anchor = ""]) => {
    const file = target === "" ? page : resolve(dirname(page), target);
    return file.endsWith(".md") && !anchorsOf(file).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

const hasPython = spawnSync("python3", ["--version"]).status === 0;

test.runIf(hasPython)('README.md: the first steps under "Use it" work as written (needs Python)', () => {
  const folder = mkdtempSync(join(tmpdir(), "spotproof-readme-"));
  try {
    const steps = linesOf("README.md").filter((line) =>
      /^npx spotproof (run --job count|status|checkpoints)/.test(line),
    );
    expect(steps).toHaveLength(3);
    const said = steps.map((line) => {
      const here = line
        .replace("npx spotproof", `"${process.execPath}" "${resolve("dist/cli/main.js")}"`)
        .replace("examples/", `${resolve("examples")}/`);
      return execFileSync("sh", ["-c", here], {
        cwd: folder,
        encoding: "utf8",
        env: { ...process.env, STEP_SECONDS: "0.001" },
        stdio: ["ignore", "pipe", "ignore"],
      });
    });
    expect(said[0]).toMatch(/100/);
    expect(said[1]).toMatch(/count: completed; 1 attempt/);
    expect(said[2]).toMatch(/000001-\d{6}/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

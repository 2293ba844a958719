import { createHash } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { VERSION } from "../base/index.ts";
import { processIo } from "./command-io.ts";
import { runProgram } from "./program.ts";

const PACKAGED = readFileSync("python/spotproof.py", "utf8");

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spotproof-init-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, "spotproof.py");
const content = (): string => readFileSync(file(), "utf8");

async function init(...words: string[]) {
  const said = { out: "", err: "" };
  const io = {
    ...processIo(),
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
  };
  Object.defineProperty(io, "workingFolder", { value: folder });
  return { status: await runProgram(["init", ...words], io), ...said };
}

/** As an earlier or later version would have written it. */
function writtenBy(version: string, text: string): string {
  const hash = createHash("sha256").update(text).digest("hex");
  return `# Written by spotproof ${version} (npx spotproof init python). SHA-256 of what follows this line: ${hash}\n${text}`;
}

describe("spotproof init python", () => {
  test("writes spotproof.py as it is in the package, says where, and what comes next", async () => {
    const { status, out } = await init("python");
    expect(status).toBe(0);
    expect(out).toContain(`wrote ${file()}\n`);
    expect(out).toContain("spotproof run");
    expect(content()).toBe(writtenBy(VERSION, PACKAGED));
    expect(readdirSync(folder)).toEqual(["spotproof.py"]);
  });

  test("writes into the folder that is named", async () => {
    mkdirSync(join(folder, "jobs"));
    expect((await init("python", "jobs")).status).toBe(0);
    expect(readdirSync(join(folder, "jobs"))).toEqual(["spotproof.py"]);
  });

  test("does nothing when it is there already, whatever ends of lines the checkout gave it", async () => {
    writeFileSync(file(), writtenBy(VERSION, PACKAGED).replaceAll("\n", "\r\n"));
    const before = content();
    const { status, out } = await init("python");
    expect(status).toBe(0);
    expect(out).toContain("is there already");
    expect(content()).toBe(before);
  });

  test("updates one that an older version wrote, and keeps its mode", async () => {
    writeFileSync(file(), writtenBy("0.0.9", "print('old')\n"), { mode: 0o600 });
    const { status, out } = await init("python");
    expect(status).toBe(0);
    expect(out).toContain("which spotproof 0.0.9 had written");
    expect(content()).toBe(writtenBy(VERSION, PACKAGED));
    expect(statSync(file()).mode & 0o777).toBe(0o600);
  });

  test.each([
    ["one that was changed", () => `${writtenBy(VERSION, PACKAGED)}# mine\n`, /has been changed since/],
    ["one that is not ours", () => "import this\n", /was not written by `spotproof init`/],
    ["one that a newer version wrote", () => writtenBy("9.10.0", "print('new')\n"), /newer spotproof/],
  ])("does not overwrite %s, but by --force", async (_which, text, words) => {
    writeFileSync(file(), text());
    const refused = await init("python");
    expect(refused.status).toBe(64);
    expect(refused.err).toMatch(words);
    expect(refused.err).toMatch(/--force/);
    expect(content()).toBe(text());
    expect(readdirSync(folder)).toEqual(["spotproof.py"]);

    const forced = await init("python", "--force");
    expect(forced.status).toBe(0);
    expect(forced.out).toContain(`replaced ${file()}`);
    expect(content()).toBe(writtenBy(VERSION, PACKAGED));
  });

  test("does not write through a link, and never replaces a folder", async () => {
    writeFileSync(join(folder, "elsewhere"), "mine");
    symlinkSync("elsewhere", file());
    expect((await init("python")).err).toMatch(/no regular file/);
    expect((await init("python", "--force")).status).toBe(0);
    expect(readFileSync(join(folder, "elsewhere"), "utf8")).toBe("mine");

    mkdirSync(join(folder, "other", "spotproof.py"), { recursive: true });
    const refused = await init("python", "other", "--force");
    expect(refused.status).toBe(64);
    expect(refused.err).toMatch(/is a folder/);
  });

  test("a folder that does not exist is the user's mistake, told without a stack", async () => {
    const { status, err } = await init("python", "nowhere");
    expect(status).toBe(64);
    expect(err).toMatch(/nowhere\/spotproof.py cannot be written: ENOENT/);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test("another language is told which are known", async () => {
    const { status, err } = await init("cobol");
    expect(status).toBe(64);
    expect(err).toMatch(/python/);
  });
});

test("spotproof.py has the version of this package", () => {
  expect(PACKAGED).toContain(`\n__version__ = "${VERSION}"\n`);
});

test("the package ships spotproof.py", () => {
  const { files } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly files: readonly string[] };
  expect(files).toContain("python/spotproof.py");
});

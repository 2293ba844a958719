import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, test } from "vitest";

// Who may import whom. A folder that is not named here may not exist.
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  cloud: ["base"],
  notice: ["base", "cloud"],
  store: ["base", "cloud"],
  job: ["base", "store"],
  checkpoint: ["base", "store"],
  supervisor: ["base", "notice", "store", "job", "checkpoint"],
  sdk: ["base", "cloud", "notice", "store", "job", "checkpoint", "supervisor"],
  simulator: ["base", "cloud", "notice", "store", "job", "checkpoint", "supervisor"],
  // A user's job in memory: the SDK over a played machine, and the store, claims and notices that this one needs.
  testing: ["base", "store", "job", "notice", "sdk", "simulator"],
  cli: ["base", "cloud", "notice", "store", "job", "checkpoint", "supervisor", "simulator"],
};

/** Doors beside `index.ts`, each with its reason. */
const OTHER_DOORS: ReadonlySet<string> = new Set([
  "store/store.ts", // the interface alone: whoever needs a store must not load one
  "store/keys.ts", // the layout of a store, which is the protocol's and not a store's
  "simulator/virtual-time.ts", // tests of jobs need its time, and load none of its mocks
  "base/version.ts", // `spotproof --version` loads nothing else
]);

/** Of these the interface is used and nothing that can be loaded: `supervisor` is handed built objects. */
const TYPES_ONLY: ReadonlySet<string> = new Set([
  "supervisor>notice",
  "supervisor>store",
  "supervisor>job",
  "supervisor>checkpoint",
]);

const SOURCE = "src";
const files = allFiles(SOURCE).filter((file) => file.endsWith(".ts"));
const production = files.filter((file) => !/\.(test|contract)\.ts$/.test(file));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typesOnly: boolean;
}

function allFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? allFiles(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function importsOf(file: string): readonly Import[] {
  const text = readFileSync(file, "utf8");
  const pattern =
    /(?:^|\n)\s*(import|export)\s+(type\s)?[^;"']*?from\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)|(?:^|\n)import "(\.[^"]+)"/g;
  return [...text.matchAll(pattern)].map((match) => ({
    from: file,
    to: relative(SOURCE, join(dirname(file), match[3] ?? match[4] ?? match[5] ?? "")),
    typesOnly: match[2] !== undefined,
  }));
}

const folderOf = (path: string): string => path.split("/")[0] ?? "";
const folderOfFile = (file: string): string => folderOf(relative(SOURCE, file));

describe("the import map", () => {
  test("every folder is on it", () => {
    const folders = readdirSync(SOURCE, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    expect(folders.map((entry) => entry.name).filter((name) => !(name in MAY_IMPORT))).toEqual([]);
  });

  test("nobody imports a folder that it may not know", () => {
    const wrong = production.flatMap(importsOf).filter(({ from, to }) => {
      const [mine, theirs] = [folderOfFile(from), folderOf(to)];
      return (
        from !== join(SOURCE, "index.ts") && mine !== theirs && !(MAY_IMPORT[mine] ?? []).includes(theirs)
      );
    });
    expect(wrong).toEqual([]);
  });

  test("another folder is entered by its one door", () => {
    const wrong = production.flatMap(importsOf).filter(({ from, to }) => {
      const isOther = folderOfFile(from) !== folderOf(to);
      return isOther && !to.endsWith("/index.ts") && !OTHER_DOORS.has(to);
    });
    expect(wrong).toEqual([]);
  });

  test("the supervisor loads no implementation: it is handed built objects", () => {
    const wrong = production.flatMap(importsOf).filter(({ from, to, typesOnly }) => {
      return TYPES_ONLY.has(`${folderOfFile(from)}>${folderOf(to)}`) && !typesOnly;
    });
    expect(wrong).toEqual([]);
  });
});

describe("habits", () => {
  const using = (pattern: RegExp, except: (file: string) => boolean): string[] =>
    production.filter((file) => !except(file) && pattern.test(withoutComments(readFileSync(file, "utf8"))));

  test("only base/clock.ts asks for the time or sets a timer", () => {
    expect(
      using(
        /\b(Date\.now|performance\.now|setTimeout|setInterval)\s*\(|new Date\(\)/,
        (file) => file === "src/base/clock.ts",
      ),
    ).toEqual([]);
  });

  test("only cli and the package's front door read the environment", () => {
    // The AWS SDK looks for one switch there and nowhere else.
    const others = new Set(["src/index.ts", "src/store/opening/quiet-aws-sdk.ts"]);
    expect(using(/process\.env\b/, (file) => file.startsWith("src/cli/") || others.has(file))).toEqual([]);
  });

  test("randomness comes from base/random.ts", () => {
    expect(using(/Math\.random/, (file) => file === "src/base/random.ts")).toEqual([]);
  });

  test("no catch is empty and nothing is exported by default", () => {
    expect(using(/catch\s*(\([^)]*\))?\s*\{\s*\}|export default/, () => false)).toEqual([]);
  });

  test("a file has one subject: none is longer than 400 lines", () => {
    expect(production.filter((file) => readFileSync(file, "utf8").split("\n").length > 400)).toEqual([]);
  });

  test("nothing is called utils or helpers", () => {
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file))).toEqual([]);
  });
});

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

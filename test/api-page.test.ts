import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { declarationsBelow, declarationsOf, exportedNames } from "./documentation/declarations.ts";

// docs/api.md is made from the doc comments. `npx vitest run test/api-page.test.ts -u` writes it anew.

/** What belongs together on the page, in the order in which somebody who has never heard of it reads. */
const SECTIONS: Readonly<Record<string, readonly string[]>> = {
  "Running a job": ["runJob", "JobOptions", "JobEnd", "JobEvent"],
  "The job": ["Job", "JobLeaves", "Interruption", "JobRandom"],
  State: ["StateOptions", "EncodedStateOptions", "Storable"],
  Steps: ["StepsOptions", "CheckpointEvery"],
  "Items and durable steps": [
    "ForEachOptions",
    "ItemSource",
    "ItemWork",
    "ItemContext",
    "ItemsSummary",
    "ItemOutcome",
    "ItemError",
    "readResults",
    "ResultsPlace",
    "OnceContext",
    "linesOf",
    "Lines",
  ],
  Errors: ["SpotproofError", "ErrorCode", "ErrorEntry", "ERRORS"],
  "Looking into a store": [
    "openFileStore",
    "FileStore",
    "Store",
    "listJobs",
    "readJobHistory",
    "JobHistory",
    "AttemptHistory",
    "listCheckpoints",
    "ListedCheckpoint",
    "verifyCheckpoint",
    "VerifyResult",
    "restoreTo",
    "parseJobName",
    "parseCheckpointId",
    "systemClock",
    "VERSION",
  ],
};
const LAST_SECTION = "Metadata services that give notices on demand";

// What the front door declares by itself may have the name of what it calls.
const declarations = new Map([
  ...declarationsBelow("src"),
  ...declarationsOf(readFileSync("src/index.ts", "utf8")).map((one) => [one.name, one] as const),
]);
const exported = exportedNames(readFileSync("src/index.ts", "utf8"));
const exportedForTests = exportedNames(readFileSync("src/testing/index.ts", "utf8"));

test("docs/api.md has everything that the package exports, with its doc comment", async () => {
  const named = Object.values(SECTIONS).flat();
  expect(named.filter((name) => !exported.includes(name))).toEqual([]);
  const rest = exported.filter((name) => !named.includes(name));
  const sections = { ...SECTIONS, "Testing: `spotproof/testing`": exportedForTests, [LAST_SECTION]: rest };
  const parts = Object.entries(sections).map(
    ([title, names]) => `## ${title}\n\n${names.map(entry).join("\n")}`,
  );
  const page = `# API

What \`import … from "spotproof"\` and \`"spotproof/testing"\` offer. Made from the doc comments; the [guide](guides/sdk.md) shows how it is used. Times are in
milliseconds and sizes in bytes unless a name says otherwise. Everything that is thrown is a \`SpotproofError\` with a code of
[errors.md](errors.md), but for \`JobLeaves\`, which is no failure.

${parts.join("\n")}`;
  await expect(page).toMatchFileSnapshot("../docs/api.md");
});

test("every export has a doc comment", () => {
  const bare = [...exported, ...exportedForTests].filter(
    (name) => declarations.get(name)?.text.startsWith("/**") !== true,
  );
  expect(bare).toEqual([]);
});

function entry(name: string): string {
  const { text = "" } = declarations.get(name) ?? {};
  return `### ${name}\n\n\`\`\`ts\n${text}\n\`\`\`\n`;
}

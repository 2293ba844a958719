import type { Command } from "commander";
import { expect, test } from "vitest";
import { ERRORS } from "../src/base/index.ts";
import { EXIT, exitStatusOfError } from "../src/cli/exit-codes.ts";
import { processIo } from "../src/cli/command-io.ts";
import { buildProgram } from "../src/cli/program.ts";

// These pages are made from the code. `npx vitest run test/reference.test.ts -u` writes them anew.

test("docs/errors.md has an entry for each code of the catalogue, and no other", async () => {
  const entries = Object.entries(ERRORS).map(([code, entry]) => {
    const retry =
      entry.retry === "may-help" ? "Trying again may help." : "Trying again without a change does not help.";
    return `## ${code}\n\n${entry.title} ${retry} Exit status ${exitStatusOfError(code as keyof typeof ERRORS)}.\n\n${entry.advice}\n`;
  });
  const page = `# Errors\n\nEvery error that Spotproof itself reports ends in a code in brackets, which never changes. Made from \`src/base/error-catalogue.ts\`.\n\n${entries.join("\n")}`;
  await expect(page).toMatchFileSnapshot("../docs/errors.md");
});

test("docs/exit-codes.md has each exit status, and no other", async () => {
  const rows = Object.values(EXIT).map(({ status, meaning }) => `| ${status} | ${meaning} |\n`);
  const page = `# Exit statuses of spotproof

A contract with schedulers and scripts. Made from \`src/cli/exit-codes.ts\`.

| status | meaning |
| --- | --- |
${rows.join("")}| any other | The command's own status, after it failed for good: what it exited with, or 128 + n when signal n ended it. |

Two rules are enough for a scheduler: **75 means start the same command again**, everything else does not. A command's own
status can look like one of ours; the last line on standard error (or \`outcome.json\` in the store) tells them apart.

- AWS Batch: \`{"onExitCode": "75", "action": "RETRY"}\`, then a catch-all \`{"onReason": "*", "action": "EXIT"}\`.
- Kubernetes: \`podFailurePolicy\` with \`Ignore\` for \`onExitCodes: {operator: In, values: [75]}\`.
- Slurm: \`RequeueExit=75\`.
- systemd: \`RestartForceExitStatus=75\`.

A command under \`spotproof run\` may itself exit with 75 after it was told of an interruption: "saved, not done, start me again".
`;
  await expect(page).toMatchFileSnapshot("../docs/exit-codes.md");
});

test("docs/commands.md has the help of every command", async () => {
  const program = buildProgram(processIo(), () => undefined);
  const parts: string[] = [];
  const write = (command: Command, path: string): void => {
    command.configureHelp({ helpWidth: 110 });
    parts.push(`## ${path}\n\n\`\`\`\n${command.helpInformation().trim()}\n\`\`\`\n`);
    for (const child of command.commands) write(child, `${path} ${child.name()}`);
  };
  write(program, "spotproof");
  await expect(`# Commands\n\nMade from the commands themselves.\n\n${parts.join("\n")}`).toMatchFileSnapshot(
    "../docs/commands.md",
  );
});

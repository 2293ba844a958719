import { resolve } from "node:path";
import { type Command, Argument } from "commander";
import type { CommandIo } from "../command-io.ts";
import { EXIT } from "../exit-codes.ts";
import type { Work } from "../program.ts";
import type { InstalledClient } from "../python-client.ts";

/** `spotproof init`: what a program of another language needs, put beside it. */
export function declareInitCommand(program: Command, choose: (work: Work) => void): void {
  program
    .command("init")
    .summary("put spotproof.py beside a Python program")
    .description(
      "Writes what a program needs to take part in its own saving. For Python: spotproof.py, one file without dependencies (docs/guides/python.md). A file that an older version wrote is updated; one that was changed is kept.",
    )
    .addArgument(new Argument("<language>", "the program's language").choices(["python"]))
    .argument("[folder]", "where the program lies", ".")
    .option("--force", "replace a file that was changed, is not ours, or is newer")
    .action((_language: string, folder: string, raw: { readonly force?: boolean }) => {
      choose((io) => init(folder, raw.force === true, io));
    });
}

async function init(folder: string, force: boolean, io: CommandIo): Promise<number> {
  const { installPythonClient } = await import("../python-client.ts");
  const installed = await installPythonClient(resolve(io.workingFolder, folder), { force });
  io.out(`${saidOf(installed)}\n${NEXT_STEP}`);
  return EXIT.done.status;
}

function saidOf({ path, kind, earlierVersion }: InstalledClient): string {
  switch (kind) {
    case "up-to-date":
      return `${path} is there already, as this version writes it.`;
    case "updated":
      return `updated ${path}, which spotproof ${earlierVersion} had written`;
    case "replaced":
      return `replaced ${path}`;
    case "written":
      return `wrote ${path}`;
    default:
      return kind satisfies never;
  }
}

const NEXT_STEP = `
Next: let it count the steps of your program,

    import spotproof

    for step in spotproof.steps(100, every=10, save=save, load=load):
        ...

with save(folder) writing your state into a folder and load(folder) reading it back; and start the program by

    npx spotproof run --job <name> --checkpoint ./ckpt --store <place> -- python3 <program>

docs/guides/python.md shows whole programs: a plain loop, PyTorch, Keras, Lightning, scikit-learn.
`;

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

/** Bundles programs of a folder (its URL) as the published package is bundled, each for itself. Gives where they are, by name. */
export async function bundlePrograms<Name extends string>(
  source: URL,
  names: readonly Name[],
  folder: string,
): Promise<Readonly<Record<Name, string>>> {
  const paths: [Name, string][] = [];
  for (const name of names)
    paths.push([name, await bundleOne(new URL(`${name}.ts`, source), join(folder, name))]);
  return Object.fromEntries(paths) as Record<Name, string>;
}

async function bundleOne(source: URL, folder: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: "error",
    build: {
      ssr: true,
      target: "node20",
      outDir: folder,
      emptyOutDir: false,
      minify: false,
      rollupOptions: {
        input: fileURLToPath(source),
        output: { format: "es", entryFileNames: "program.mjs", chunkFileNames: "pieces/[name]-[hash].mjs" },
      },
    },
    ssr: { noExternal: true },
  });
  return join(folder, "program.mjs");
}

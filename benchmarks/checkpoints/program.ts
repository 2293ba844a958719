import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { build } from "vite";

/** Bundles programs of this folder as the published package is bundled. Gives where they are, by name. */
export async function bundlePrograms<Name extends string>(
  names: readonly Name[],
  folder: string,
): Promise<Readonly<Record<Name, string>>> {
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
        input: Object.fromEntries(
          names.map((name) => [name, fileURLToPath(new URL(`./${name}.ts`, import.meta.url))]),
        ),
        output: { format: "es", entryFileNames: "[name].mjs", chunkFileNames: "pieces/[name]-[hash].mjs" },
      },
    },
    ssr: { noExternal: true },
  });
  return Object.fromEntries(names.map((name) => [name, join(folder, `${name}.mjs`)])) as Record<Name, string>;
}

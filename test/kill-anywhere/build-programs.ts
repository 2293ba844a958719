import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, build } from "vite";

// The victim is bundled to one small file, so that ten thousand of them start quickly, and so is the foreman who starts
// them: forking a small process is cheap. Their engine has small sizes: a few kilobytes then take several packs, several
// chunks and every path that large files take. Sizes belong to the writer and not to the format.

const SMALL_SIZES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "save/pack-writer.ts": [["PACK_BYTES = 16 * 1024 * 1024", "PACK_BYTES = 16 * 1024"]],
  "workshop/workshop.ts": [["BLOCK_BYTES = 8 * 1024 * 1024", "BLOCK_BYTES = 4 * 1024"]],
  "save/read-files.ts": [["SMALL_FILE_BYTES = 1024 * 1024", "SMALL_FILE_BYTES = 2 * 1024"]],
  "save/capture.ts": [["MEMORY_BYTES = 64 * 1024 * 1024", "MEMORY_BYTES = 1024"]],
  "save/folder-save.ts": [["COPY_AHEAD_BYTES = 32 * 1024 * 1024", "COPY_AHEAD_BYTES = 8 * 1024"]],
  "save/write-list.ts": [["INLINE_BYTES = 16 * 1024", "INLINE_BYTES = 2 * 1024"]],
  "format/chunker.ts": [
    ["min: 65_536", "min: 512"],
    ["normal: 262_144", "normal: 2_048"],
    ["max: 1_048_576", "max: 8_192"],
    ["strictMask: 0xfffff000", "strictMask: 0xffe00000"],
    ["looseMask: 0xffff0000", "looseMask: 0xff000000"],
    ["min: 8_192", "min: 256"],
    ["normal: 32_768", "normal: 1_024"],
    ["max: 131_072", "max: 4_096"],
  ],
};

/** The paths of the bundled programs. */
export interface Programs {
  readonly foreman: string;
  readonly victim: string;
}

/** Bundles both programs into a folder, each to one file. */
export async function buildPrograms(folder: string): Promise<Programs> {
  const victim = await bundle(fileURLToPath(new URL("./victim.ts", import.meta.url)), folder, "victim.cjs");
  const foreman = await bundle(
    fileURLToPath(new URL("./foreman.ts", import.meta.url)),
    folder,
    "foreman.cjs",
  );
  return { foreman, victim };
}

async function bundle(input: string, folder: string, name: string): Promise<string> {
  const unused = new Set(Object.keys(SMALL_SIZES));
  await build({
    configFile: false,
    logLevel: "silent",
    plugins: [smallSizes(unused)],
    build: {
      ssr: true,
      target: "node20",
      outDir: folder,
      emptyOutDir: false,
      minify: true,
      rollupOptions: { input, output: { format: "cjs", entryFileNames: name, codeSplitting: false } },
    },
    ssr: { noExternal: true },
  });
  if (unused.size > 0) throw new Error(`${name} does not contain ${[...unused].join(", ")}.`);
  return join(folder, name);
}

function smallSizes(unused: Set<string>): Plugin {
  return {
    name: "small-sizes",
    enforce: "pre",
    transform(code, id) {
      const file = Object.keys(SMALL_SIZES).find((name) => id.endsWith(`/src/checkpoint/${name}`));
      if (file === undefined) return undefined;
      unused.delete(file);
      return (SMALL_SIZES[file] ?? []).reduce((text, [from, to]) => {
        if (!text.includes(from)) throw new Error(`${file} does not contain "${from}" any more.`);
        return text.replace(from, to);
      }, code);
    },
  };
}

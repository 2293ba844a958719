import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type InlineConfig, type Plugin, build } from "vite";

// The victim is bundled to one small file, so that ten thousand of them start quickly, and so is the foreman who starts
// them: forking a small process is cheap. Those of other stores than folders are in pieces, of which each process loads
// what its kind of store needs. Their engine has small sizes: a few kilobytes then take several packs, several
// chunks and every path that large files take. Sizes belong to the writer and not to the format.

const SMALL_SIZES: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "checkpoint/save/pack-writer.ts": [["PACK_BYTES = 16 * 1024 * 1024", "PACK_BYTES = 16 * 1024"]],
  "checkpoint/workshop/workshop.ts": [["BLOCK_BYTES = 8 * 1024 * 1024", "BLOCK_BYTES = 4 * 1024"]],
  "checkpoint/save/read-files.ts": [["SMALL_FILE_BYTES = 1024 * 1024", "SMALL_FILE_BYTES = 2 * 1024"]],
  "checkpoint/save/capture.ts": [["MEMORY_BYTES = 64 * 1024 * 1024", "MEMORY_BYTES = 1024"]],
  "checkpoint/save/folder-save.ts": [["COPY_AHEAD_BYTES = 32 * 1024 * 1024", "COPY_AHEAD_BYTES = 8 * 1024"]],
  "checkpoint/save/write-list.ts": [["INLINE_BYTES = 16 * 1024", "INLINE_BYTES = 2 * 1024"]],
  "checkpoint/format/chunker.ts": [
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

/** The same for the stores that lie elsewhere. */
const SMALL_STORE_SIZES: typeof SMALL_SIZES = {
  ...SMALL_SIZES,
  "store/s3/s3-limits.ts": [["MIB = 1024 * 1024", "MIB = 128"]],
  "store/sql/object-parts.ts": [
    ["INLINE_BYTES = 64 * 1024", "INLINE_BYTES = 2 * 1024"],
    ["PART_BYTES = 1024 * 1024", "PART_BYTES = 4 * 1024"],
  ],
  "store/dynamodb/items.ts": [
    ["LARGEST_INLINE_BYTES = 32 * 1024", "LARGEST_INLINE_BYTES = 2 * 1024"],
    ["PART_BYTES = 392 * 1024", "PART_BYTES = 4 * 1024"],
  ],
};

/** The paths of the bundled programs. */
export interface Programs {
  readonly foreman: string;
  readonly victim: string;
}

/** Bundles both programs for stores in folders, each to one file. */
export async function buildPrograms(folder: string): Promise<Programs> {
  for (const name of ["victim", "foreman"]) {
    const output = { format: "cjs" as const, entryFileNames: "[name].cjs", codeSplitting: false as const };
    await bundle([name], SMALL_SIZES, { ...output, dir: folder });
  }
  return { victim: join(folder, "victim.cjs"), foreman: join(folder, "foreman.cjs") };
}

/** Bundles both programs for stores of any kind. */
export async function buildStorePrograms(folder: string): Promise<Programs> {
  const output = { format: "es" as const, entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" };
  await bundle(["store-victim", "store-foreman"], SMALL_STORE_SIZES, { ...output, dir: folder });
  return { victim: join(folder, "store-victim.mjs"), foreman: join(folder, "store-foreman.mjs") };
}

type Output = NonNullable<NonNullable<NonNullable<InlineConfig["build"]>["rollupOptions"]>["output"]>;

async function bundle(
  names: readonly string[],
  sizes: typeof SMALL_SIZES,
  output: Output & { readonly dir: string },
): Promise<void> {
  const unused = new Set(Object.keys(sizes));
  const input = names.map((name) => fileURLToPath(new URL(`./${name}.ts`, import.meta.url)));
  await build({
    configFile: false,
    logLevel: "silent",
    plugins: [smallSizes(sizes, unused)],
    build: {
      ssr: true,
      target: "node20",
      outDir: output.dir,
      emptyOutDir: false,
      minify: true,
      rollupOptions: { input, output },
    },
    ssr: { noExternal: true, external: ["pg", "better-sqlite3"] },
  });
  if (unused.size > 0) throw new Error(`${names.join(", ")}: they do not contain ${[...unused].join(", ")}.`);
}

function smallSizes(sizes: typeof SMALL_SIZES, unused: Set<string>): Plugin {
  return {
    name: "small-sizes",
    enforce: "pre",
    transform(code, id) {
      const file = Object.keys(sizes).find((name) => id.endsWith(`/src/${name}`));
      if (file === undefined) return undefined;
      unused.delete(file);
      return (sizes[file] ?? []).reduce((text, [from, to]) => {
        if (!text.includes(from)) throw new Error(`${file} does not contain "${from}" any more.`);
        return text.replace(from, to);
      }, code);
    },
  };
}

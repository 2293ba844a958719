import { writeFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const OUT = "examples/build";

/** Tells the test set-up when the examples were built last. Written when everything else is there. */
const stamp: Plugin = {
  name: "stamp",
  closeBundle(error?: Error) {
    if (error === undefined) writeFileSync(`${OUT}/.built`, "");
  },
};

/** The examples as plain Node programs, so that they run on Node versions that do not read TypeScript. */
export default defineConfig({
  publicDir: false,
  build: {
    ssr: true,
    target: "node20",
    outDir: OUT,
    emptyOutDir: true,
    sourcemap: true,
    minify: false,
    rollupOptions: {
      input: {
        "breaks-count": "examples/breaks/count.ts",
        "survives-count": "examples/survives/count.ts",
        digits: "examples/digits/digits.ts",
        "digits-in-memory": "examples/digits/digits-in-memory.ts",
        "digits-sdk": "examples/digits/digits-sdk.ts",
        crawl: "examples/crawler/crawl.ts",
        site: "examples/crawler/site.ts",
        assets: "examples/batch/assets.ts",
        recompress: "examples/batch/recompress.ts",
        demo: "examples/demo/demo.ts",
      },
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "pieces/[name]-[hash].js" },
    },
  },
  // The examples load this package as their readers do, by its name: Node.js finds `dist/` by the package's own `exports`.
  ssr: { noExternal: true, external: ["spotproof"] },
  plugins: [stamp],
});

import { readFileSync } from "node:fs";
import { type Plugin, defineConfig } from "vite";

/** The published schema of scenarios, beside the bundle. */
const scenarioSchema: Plugin = {
  name: "scenario-schema",
  generateBundle() {
    const fileName = "scenario.schema.json";
    this.emitFile({ type: "asset", fileName, source: readFileSync(`docs/${fileName}`, "utf8") });
  },
};

/** The published bundle: three doors (the SDK, its testing kit and the command line), everything else in lazily loaded pieces. */
export default defineConfig({
  plugins: [scenarioSchema],
  build: {
    ssr: true,
    target: "node20",
    outDir: "dist",
    emptyOutDir: true,
    sourcemap: true,
    minify: false,
    // The licences of everything that is bundled, shipped with it.
    license: { fileName: "THIRD-PARTY-LICENSES.md" },
    rollupOptions: {
      input: { index: "src/index.ts", testing: "src/testing/index.ts", "cli/main": "src/cli/main.ts" },
      output: { format: "es", entryFileNames: "[name].js", chunkFileNames: "pieces/[name]-[hash].js" },
    },
  },
  // Optional peers stay outside: a user installs the driver of the database that is there.
  ssr: { noExternal: true, external: ["pg", "better-sqlite3"] },
});

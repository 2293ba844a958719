import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Builds the bundle and the examples that end-to-end tests start, when a source is newer than what was built. */
export function setup(): void {
  buildWhenStale("dist/cli/main.js", ["src", "docs/scenario.schema.json", "vite.config.ts"], ["build"]);
  if (existsSync("vite.examples.config.ts")) {
    buildWhenStale(
      "examples/build/.built",
      ["examples", "src", "vite.examples.config.ts"],
      ["build", "--config", "vite.examples.config.ts"],
    );
  }
}

function buildWhenStale(product: string, sources: readonly string[], viteArguments: readonly string[]): void {
  const built = existsSync(product) ? statSync(product).mtimeMs : 0;
  if (sources.some((source) => newestIn(source) > built)) {
    execFileSync("node_modules/.bin/vite", viteArguments, { stdio: ["ignore", "ignore", "inherit"] });
  }
}

function newestIn(path: string): number {
  const status = statSync(path);
  if (!status.isDirectory()) return status.mtimeMs;
  return Math.max(
    status.mtimeMs,
    ...readdirSync(path)
      .filter((name) => name !== "build" && name !== "node_modules")
      .map((name) => newestIn(join(path, name))),
  );
}

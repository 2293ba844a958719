import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
    exclude: ["**/node_modules/**", "dist/**", "examples/build/**"],
    globalSetup: ["test/setup/build-once.ts"],
    setupFiles: ["test/setup/no-real-metadata.ts", "test/setup/volatile-stores.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.contract.ts"],
      reporter: ["text-summary"],
    },
  },
});

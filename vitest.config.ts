import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/setup/longest-first.ts";

/** Each of these uses all processors by itself, measures, or looks at what is mounted on the whole machine. */
const ALONE = [
  "src/simulator/fleet/**/*.test.ts",
  "test/kill-anywhere/**/*.test.ts",
  "test/end-to-end/rehearse-*.test.ts",
  "examples/rehearsals.test.ts",
  "examples/digits.test.ts",
];

const everywhere = {
  exclude: ["**/node_modules/**", "dist/**", "examples/build/**"],
  setupFiles: ["test/setup/no-real-metadata.ts", "test/setup/volatile-stores.ts"],
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    globalSetup: ["test/setup/build-once.ts", "test/setup/own-temporary-folder.ts"],
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          ...everywhere,
          name: "side by side",
          include: ["src/**/*.test.ts", "test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: [...everywhere.exclude, ...ALONE],
          // More than there are processors: most of these wait for servers and processes of their own.
          maxWorkers: Math.max(3, availableParallelism()),
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...everywhere,
          name: "alone",
          include: ALONE,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["**/*.test.ts", "**/*.contract.ts"],
      reporter: ["text-summary"],
    },
  },
});

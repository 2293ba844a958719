// Runs a benchmark that is written in TypeScript, without a build step: node benchmarks/run.mjs startup
import { runnerImport } from "vite";

const [name = ""] = process.argv.slice(2);
const { module } = await runnerImport(new URL(`./${name}.ts`, import.meta.url).pathname);
await module.main(process.argv.slice(3));

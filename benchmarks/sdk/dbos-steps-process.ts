import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { pooled } from "./pooled.ts";
import { type StepsOrder, type StepsReport, stepResult } from "./steps-order.ts";

// Durable steps of DBOS Transact, as its documentation writes them. The argument after the order is the file that its package
// is entered by: it is no dependency of ours.

/** What is used of the package. */
interface Dbos {
  setConfig(config: {
    readonly name: string;
    readonly systemDatabaseUrl: string;
    readonly logLevel: string;
  }): void;
  registerWorkflow<Argument, Result>(
    work: (argument: Argument) => Promise<Result>,
    config: { readonly name: string },
  ): (argument: Argument) => Promise<Result>;
  runStep<Result>(work: () => Promise<Result>, config: { readonly name: string }): Promise<Result>;
  launch(): Promise<void>;
  shutdown(): Promise<void>;
}

const { kind, steps, atOnce, place, report } = JSON.parse(process.argv[2] ?? "") as StepsOrder;
const entry = (await import(pathToFileURL(process.argv[3] ?? "").href)) as { readonly DBOS: Dbos };
const { DBOS } = entry;

/** So many steps of one workflow, some of them at once. */
const workflow = DBOS.registerWorkflow(
  (order: { readonly steps: number; readonly atOnce: number }) =>
    pooled(order.steps, order.atOnce, (step) =>
      DBOS.runStep(() => Promise.resolve(stepResult(step)), { name: `step-${step}` }),
    ),
  { name: "benchmark" },
);

DBOS.setConfig({ name: "benchmark", systemDatabaseUrl: place, logLevel: "error" });
await DBOS.launch();
const begun = performance.now();
if (kind === "once") await workflow({ steps, atOnce });
else await pooled(atOnce, atOnce, () => workflow({ steps: steps / atOnce, atOnce: 1 }));
writeFileSync(report, JSON.stringify({ tookMs: performance.now() - begun } satisfies StepsReport));
await DBOS.shutdown();
process.exit(0);

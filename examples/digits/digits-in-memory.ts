// The same training as digits.ts, written as most are: everything in memory, the weights written at the end.
//
//   node build/digits-in-memory.js [--epochs 14]      writes ./weights.bin

import { parseOptions } from "./settings.ts";
import { replaceFile } from "./state-file.ts";
import { train } from "./train.ts";

await train(parseOptions(process.argv.slice(2)), {
  load: () => undefined,
  save: () => undefined,
  finish: (weights) => replaceFile("weights.bin", weights),
  report: () => undefined,
  toldToStop: () => false,
});

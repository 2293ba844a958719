#!/usr/bin/env node
import { VERSION } from "../base/version.ts";

// Asking for the version must not load the whole program.
const [first] = process.argv.slice(2);
if (first === "--version" || first === "-V") {
  process.stdout.write(`${VERSION}\n`);
} else {
  const { startProgram } = await import("./program.ts");
  await startProgram(process.argv.slice(2));
}

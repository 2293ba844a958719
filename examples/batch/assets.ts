// Makes work for recompress.ts: real files of this checkout's packages as a web server would keep them, in gzip, and their list.
//
//   node build/assets.js [./assets] [--files 400]

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { CHECKOUT, realFiles } from "../real-files.ts";

const { values, positionals } = parseArgs({
  options: { files: { type: "string", default: "400" } },
  allowPositionals: true,
});
const folder = positionals[0] ?? "./assets";

const files = realFiles({
  folders: ["node_modules"],
  endings: [".js", ".mjs", ".css"],
  mostBytes: 100_000,
  count: Number(values.files),
});

mkdirSync(folder, { recursive: true });
const names = files.map((file, index) => {
  const name = `${String(index).padStart(5, "0")}.gz`;
  writeFileSync(join(folder, name), gzipSync(readFileSync(join(CHECKOUT, file))));
  return name;
});
writeFileSync(join(folder, "list.txt"), names.map((name) => `${name}\n`).join(""));
console.log(`${names.length} files and their list are in ${folder}`);

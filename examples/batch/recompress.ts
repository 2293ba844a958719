// Makes a Brotli file of each gzip file in a folder, and goes on where it was after any interruption.
//
//   node build/assets.js ./assets
//   node build/recompress.js ./assets --store ./store
//
// The outputs lie in the job's own folder, so that each checkpoint has the outputs of exactly the files that it calls done.

import { mkdirSync } from "node:fs";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { brotliCompress, constants, gunzip } from "node:zlib";
import { linesOf, runJob } from "spotproof";

const FILES = "./ckpt";

const { values, positionals } = parseArgs({
  options: { store: { type: "string", default: "./store" } },
  allowPositionals: true,
});
const from = positionals[0] ?? "./assets";

const options = {
  store: values.store,
  files: FILES,
  heartbeatMs: 1_000, // for trying out: a successor begins 3 s after a life that ended without a word
  leaseMs: 3_000,
};

await runJob("recompress", options, async (job) => {
  mkdirSync(join(FILES, "br"), { recursive: true });
  // A list of any length: it is read as the work goes on, and a later life does not read again what is done.
  const names = linesOf(join(from, "list.txt"));
  const { done, skipped } = await job.forEach(names, { concurrency: 4 }, recompress);
  console.log(`${done} files compressed, ${skipped} were before`);

  let [gzip, brotli] = [0, 0];
  for await (const outcome of job.results<Sizes>()) {
    if (outcome.kind !== "done") continue;
    gzip += outcome.result.gzip;
    brotli += outcome.result.brotli;
  }
  console.log(`result: ${done + skipped} files, ${gzip} bytes in gzip, ${brotli} in Brotli`);
});

interface Sizes {
  readonly gzip: number;
  readonly brotli: number;
}

async function recompress(name: string): Promise<Sizes> {
  const packed = await readFile(join(from, name));
  const plain = await promisify(gunzip)(packed);
  const params = { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length };
  const small = await promisify(brotliCompress)(plain, { params });
  // Written beside and renamed: a checkpoint at any moment has the whole file or none.
  const target = join(FILES, "br", name.replace(/\.gz$/, ".br"));
  await writeFile(`${target}.new`, small);
  await rename(`${target}.new`, target);
  return { gzip: packed.length, brotli: small.length };
}

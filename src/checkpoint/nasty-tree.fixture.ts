import fs from "node:fs";
import { join } from "node:path";
import { noise } from "./folder.fixture.ts";

/** A folder with everything that file systems have in store. */
export function nastyTree(work: string): void {
  const inside = (name: string): string => join(work, name);
  fs.mkdirSync(inside("deep/er/and/deeper"), { recursive: true });
  fs.mkdirSync(inside("empty folder"));
  fs.writeFileSync(inside("empty"), "");
  fs.writeFileSync(inside("deep.txt"), "sorts between deep and deep/er");
  fs.writeFileSync(inside("deep/er/a"), noise(100_000, 1));
  fs.writeFileSync(inside("deep/er/and/b"), noise(3_000_000, 2));
  fs.linkSync(inside("deep/er/a"), inside("a second name"));
  fs.linkSync(inside("deep/er/a"), inside("deep/er/and/a third"));
  fs.symlinkSync("deep/er", inside("link to a folder"));
  fs.symlinkSync("/does/not/exist", inside("dangling"));
  fs.symlinkSync(Buffer.from([0xff, 0x2f, 0xfe]), inside("link to bytes"));
  fs.writeFileSync(inside("Größe 大小 \u{1f600}\n"), "named in UTF-8");
  fs.writeFileSync(
    Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0x62, 0xe4, 0x80])]),
    "named in bytes",
  );
  fs.writeFileSync(inside("executable"), "#!/bin/sh\n", { mode: 0o755 });
  fs.writeFileSync(inside("secret"), "x", { mode: 0o400 });
  fs.chmodSync(inside("executable"), 0o6755);
  fs.writeFileSync(inside("twice"), Buffer.concat([noise(2_000_000, 3), noise(2_000_000, 3)]));
  fs.utimesSync(inside("deep.txt"), 1, 1_234_567_890.123456);
  fs.lutimesSync(inside("dangling"), 1, 987_654_321.000001);
  fs.mkdirSync(inside("read-only"));
  fs.writeFileSync(inside("read-only/file"), "x");
  fs.chmodSync(inside("read-only"), 0o555);
  fs.utimesSync(inside("deep/er"), 5, 5);
}

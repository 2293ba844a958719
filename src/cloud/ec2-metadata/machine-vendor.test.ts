import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readMachineVendor } from "./machine-vendor.ts";

test.each([
  ["amazon", { sys_vendor: "Amazon EC2\n" }],
  ["amazon", { sys_vendor: "Xen\n", bios_version: "4.11.amazon\n" }],
  ["other", { sys_vendor: "QEMU\n", board_vendor: "Google\n" }],
  ["unknown", {}],
] as const)("the machine's vendor is %s when its firmware says %j", async (vendor, files) => {
  const folder = await mkdtemp(join(tmpdir(), "spotproof-dmi-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    expect(await readMachineVendor(folder)).toBe(vendor);
  } finally {
    await rm(folder, { recursive: true });
  }
});

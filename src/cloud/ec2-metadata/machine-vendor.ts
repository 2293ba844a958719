import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** What the firmware says about who made this machine. */
export type MachineVendor =
  /** It names Amazon: this is an EC2 instance, or a container on one. */
  | "amazon"
  /** It names somebody else. */
  | "other"
  /** It cannot be read here. */
  | "unknown";

/** On Nitro instances `sys_vendor` says "Amazon EC2"; on Xen ones only the BIOS version does ("4.11.amazon"). */
const FILES = ["sys_vendor", "board_vendor", "bios_vendor", "bios_version", "chassis_asset_tag"] as const;

/** Reads the DMI strings that Linux shows to everybody; other systems are `unknown`. Never throws. */
export async function readMachineVendor(folder = "/sys/class/dmi/id"): Promise<MachineVendor> {
  const texts = await Promise.all(
    FILES.map((file) =>
      readFile(join(folder, file), "latin1").then(
        (text) => text.trim(),
        // Absent in many containers and on every other system: then this string says nothing.
        () => "",
      ),
    ),
  );
  if (texts.some((text) => /amazon/i.test(text))) return "amazon";
  return texts.every((text) => text === "") ? "unknown" : "other";
}

import { expect, test } from "vitest";
import { cautionFor, mountCaution } from "./network-mount.ts";

const MOUNTS = `/dev/vda / ext4 rw,relatime 0 0
fs-1.efs.eu-west-1.amazonaws.com:/ /mnt/efs nfs4 rw,vers=4.1,rsize=1048576,hard,timeo=600 0 0
fs-2.efs.eu-west-1.amazonaws.com:/ /mnt/careful nfs4 rw,vers=4.1,acdirmin=0,acdirmax=0,hard 0 0
host:/x /mnt/slow nfs rw,noac 0 0
host:/y /mnt/with\\040space nfs rw 0 0
/dev/vdb /mnt/efs/local ext4 rw 0 0
`;

test.each([
  ["/home/me/store", false],
  ["/mnt/efs", true],
  ["/mnt/efs/jobs", true],
  ["/mnt/efs-not", false],
  ["/mnt/efs/local/jobs", false],
  ["/mnt/careful/jobs", false],
  ["/mnt/slow", false],
  ["/mnt/with space/jobs", true],
])("C04: a store in %s: caution is due: %s", (folder, due) => {
  const caution = cautionFor(folder, MOUNTS);
  expect(caution !== undefined).toBe(due);
  if (due) expect(caution).toContain("acdirmax=0");
});

test("nothing is said where the system tells nothing", async () => {
  expect(cautionFor("/x", "")).toBeUndefined();
  expect(await mountCaution("/proc")).toBeUndefined();
});

import { expect, test } from "vitest";
import { requireLocalMount } from "./local-disk.ts";

const mounts = (type: string): string =>
  ["/dev/root / ext4 rw 0 0", `server:/jobs /mnt/jobs ${type} rw 0 0`].join("\n");

test.each(["nfs4", "nfs", "cifs", "smb3", "ceph", "lustre", "fuse.sshfs", "fuse"])(
  "a file on %s is refused: SQLite cannot keep two machines apart there",
  (type) => {
    expect(() => requireLocalMount("/mnt/jobs/x", mounts(type))).toThrow(
      expect.objectContaining({
        code: "store-unsuitable",
        message: expect.stringContaining(`${type} at /mnt/jobs`) as string,
      }) as Error,
    );
  },
);

test.each(["ext4", "xfs", "btrfs", "tmpfs", "overlay", "zfs", "fuseblk", "fuse.fuse-overlayfs"])(
  "a file on %s is taken",
  (type) => {
    expect(() => requireLocalMount("/mnt/jobs/x", mounts(type))).not.toThrow();
  },
);

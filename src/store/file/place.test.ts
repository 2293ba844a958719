import { describe, expect, test } from "vitest";
import { type Disk, findMount, judgePlace } from "./place.ts";
import { placeOf } from "./read-place.ts";

// What Linux says on machines of these kinds, shortened to the mounts that matter.

/** Amazon Linux 2023 on a machine with an instance store, an extra EBS volume, and EFS by both ways of mounting. */
const EC2 = `23 69 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw
69 1 259:1 / / rw,noatime shared:1 - xfs /dev/nvme0n1p1 rw,seclabel,attr2,inode64,logbufs=8,sunit=1024,swidth=1024,noquota
26 69 0:24 / /dev/shm rw,nosuid,nodev shared:3 - tmpfs tmpfs rw,seclabel
39 69 0:33 / /tmp rw,nosuid,nodev shared:20 - tmpfs tmpfs rw,seclabel,size=3965620k,nr_inodes=1048576
120 69 259:3 / /mnt/nvme rw,relatime shared:60 - ext4 /dev/nvme1n1 rw
121 69 259:4 / /data rw,relatime shared:61 - xfs /dev/nvme2n1 rw
122 69 9:127 / /mnt/raid rw,relatime shared:62 - xfs /dev/md127 rw
123 69 253:0 / /mnt/lvm rw,relatime shared:63 - ext4 /dev/mapper/vg-data rw
130 69 0:45 / /mnt/efs rw,relatime shared:70 - nfs4 fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com:/ rw,vers=4.1,hard
131 69 0:46 / /mnt/efs-tls rw,relatime shared:71 - nfs4 127.0.0.1:/ rw,vers=4.1,hard,noresvport,port=20049
132 69 0:47 / /mnt/bucket rw,nosuid,nodev,relatime shared:72 - fuse mountpoint-s3 rw,user_id=0,group_id=0
133 69 0:48 / /mnt/with\\040space rw,relatime shared:73 - nfs4 host:/x rw
134 39 0:49 / /tmp/efs rw,relatime shared:74 - nfs4 fs-2.efs.eu-west-1.amazonaws.com:/ rw
`;
const EBS: Disk = { name: "nvme0n1", model: "Amazon Elastic Block Store", serial: "vol0546d3c3b0af0bf6d" };
const INSTANCE_STORE: Disk = {
  name: "nvme1n1",
  model: "Amazon EC2 NVMe Instance Storage",
  serial: "AWS24BBF51AF55097008",
};

/** A container of Docker, and a pod of Kubernetes with an emptyDir and a claimed volume. */
const CONTAINER = `812 700 0:61 / / rw,relatime master:300 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A:/var/lib/docker/overlay2/l/B,upperdir=/x/diff,workdir=/x/work
813 812 0:64 / /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755
814 812 259:1 /var/lib/docker/volumes/jobs/_data /jobs rw,noatime - xfs /dev/nvme0n1p1 rw
815 812 259:1 /var/lib/kubelet/pods/44dcd502-b16f-4680-a1fd-3faf5b35fd97/volumes/kubernetes.io~empty-dir/work /work rw,noatime - xfs /dev/nvme0n1p1 rw
816 812 259:5 / /claimed rw,relatime - ext4 /dev/nvme3n1 rw
`;

function judge(path: string, mountinfo: string, disks: readonly Disk[] = [], warnsOfLoss = false) {
  const mount = findMount(path, mountinfo);
  if (mount === undefined) throw new Error(`nothing holds ${path}`);
  return judgePlace(path, mount, { disks, warnsOfLoss });
}

describe("L01: what goes with the machine is known by its place:", () => {
  test.each<[string, string, readonly Disk[], RegExp]>([
    ["/dev/shm/store", EC2, [], /^in memory \(tmpfs on \/dev\/shm\), which goes with this machine$/],
    ["/tmp/store", EC2, [], /^in memory \(tmpfs on \/tmp\)/],
    [
      "/mnt/nvme/store",
      EC2,
      [INSTANCE_STORE],
      /^on a disk of this machine alone \(Amazon EC2 NVMe Instance Storage, nvme1n1/,
    ],
    ["/mnt/raid/store", EC2, [INSTANCE_STORE, { ...INSTANCE_STORE, name: "nvme4n1" }], /machine alone/],
    ["/mnt/lvm/store", EC2, [EBS, INSTANCE_STORE], /machine alone/],
    ["/var/tmp/store", EC2, [EBS], /^in the temporary folder \/var\/tmp, /],
    [
      "/store",
      CONTAINER,
      [],
      /^in the writable layer of a container \(overlay on \/\), which goes with the container$/,
    ],
    ["/work/store", CONTAINER, [EBS], /^in an emptyDir volume \(\/work\), which goes with the pod$/],
    ["/data/x", EC2, [{ name: "nvme0n2", model: "nvme_card" }], /machine alone/],
    ["/data/x", EC2, [{ name: "sdb", model: "EphemeralDisk" }], /machine alone/],
    ["/data/x", EC2, [{ name: "nvme0n1", model: "Microsoft NVMe Direct Disk v2" }], /machine alone/],
    ["/data/x", EC2, [{ name: "zram1" }], /machine alone \(zram1/],
  ])("%s", (path, mountinfo, disks, words) => {
    expect(judge(path, mountinfo, disks).volatile).toMatch(words);
  });

  test("a disk of Azure with its file of warning", () => {
    expect(judge("/data/x", EC2, [{ name: "sdb", model: "Virtual Disk" }], true).volatile).toMatch(
      /^on a temporary disk \(\/data\)/,
    );
  });
});

describe("what outlives the machine, or of which nothing is known, is named and not refused:", () => {
  test.each<[string, string, readonly Disk[], RegExp]>([
    ["/home/me/store", EC2, [EBS], /^on the EBS volume vol-0546d3c3b0af0bf6d \(mounted at \/\), which lasts/],
    ["/mnt/efs/jobs", EC2, [], /^on EFS fs-0123456789abcdef0 \(mounted at \/mnt\/efs\)$/],
    ["/mnt/efs-tls", EC2, [], /as EFS with TLS \(mounted at \/mnt\/efs-tls\)$/],
    ["/mnt/bucket/x", EC2, [], /^on a FUSE file system, fuse of mountpoint-s3/],
    ["/mnt/with space/x", EC2, [], /^on NFS host:\/x \(mounted at \/mnt\/with space\)$/],
    ["/tmp/efs/x", EC2, [], /^on EFS fs-2 /],
    ["/tmpfoo", EC2, [EBS], /^on the EBS volume/],
    ["/jobs/x", CONTAINER, [EBS], /^on the EBS volume/],
    ["/claimed/x", CONTAINER, [{ name: "nvme3n1", model: "nvme_card-pd" }], /^on ext4 of the disk nvme3n1/],
    ["/data/x", EC2, [], /^on xfs of \/dev\/nvme2n1 \(mounted at \/data\)$/],
  ])("%s", (path, mountinfo, disks, words) => {
    const place = judge(path, mountinfo, disks);
    expect(place.volatile).toBeUndefined();
    expect(place.words).toMatch(words);
  });
});

test("nothing is said where the list tells nothing", () => {
  expect(findMount("/x", "")).toBeUndefined();
  expect(findMount("/x", "half a line\n")).toBeUndefined();
});

test.skipIf(process.platform !== "linux")(
  "L01: this machine's own memory is found, for what does not exist yet too",
  async () => {
    expect((await placeOf("/dev/shm/not/yet"))?.volatile).toMatch(/in memory/);
    expect(await placeOf("/")).toBeDefined();
  },
);

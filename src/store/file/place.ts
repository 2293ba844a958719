// Where a path lies, and whether what lies there outlives the machine (L01). Pure: what was read comes in.

/** One line of /proc/self/mountinfo, as far as it matters (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly point: string;
  /** What of the file system is mounted there: `/`, or a folder of it. */
  readonly root: string;
  /** Such as `ext4`, `nfs4`, `fuse.s3fs`. */
  readonly type: string;
  /** Such as `/dev/nvme0n1p1` or `fs-1.efs.eu-west-1.amazonaws.com:/`. */
  readonly source: string;
  /** Numbers of the device, such as `259:1`. */
  readonly device: string;
}

/** A disk that lies under a mount, below partitions, RAID and logical volumes. */
export interface Disk {
  /** Such as `nvme1n1`. */
  readonly name: string;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
}

/** What was found out about a mount beside its line. */
export interface MountFacts {
  readonly disks: readonly Disk[];
  /** Azure warns of its temporary disks by a file in them. */
  readonly warnsOfLoss?: boolean | undefined;
}

/** Where a path lies, for people. */
export interface Place {
  /** Continues "the store is folder /x, ". */
  readonly words: string;
  /** Why what lies there goes with the machine or container, as a sentence's end; undefined when nothing says so. */
  readonly volatile: string | undefined;
}

/** The mount that holds an absolute path without links; undefined when the list does not tell. */
export function findMount(path: string, mountinfo: string): Mount | undefined {
  let deepest: Mount | undefined;
  for (const line of mountinfo.split("\n")) {
    const mount = readMount(line);
    if (mount === undefined || !isBelow(path, mount.point)) continue;
    // Of two mounts at the same place the later one lies on top.
    if (mount.point.length >= (deepest?.point.length ?? 0)) deepest = mount;
  }
  return deepest;
}

/** Says where a path lies. */
export function judgePlace(path: string, mount: Mount, facts: MountFacts): Place {
  const at = `${mount.type} on ${mount.point}`;
  if (IN_MEMORY.test(mount.type)) return volatile(`in memory (${at})`, "which goes with this machine");
  if (LAYERS.test(mount.type))
    return volatile(`in the writable layer of a container (${at})`, "which goes with the container");
  if (mount.root.includes("/kubernetes.io~empty-dir/"))
    return volatile(`in an emptyDir volume (${mount.point})`, "which goes with the pod");
  const lost = facts.disks.find(isLostWithTheMachine);
  if (lost !== undefined) {
    const model = lost.model === undefined ? "" : `${lost.model}, `;
    const words = `on a disk of this machine alone (${model}${lost.name}, mounted at ${mount.point})`;
    return volatile(words, "whose content is lost when the machine ends");
  }
  if (facts.warnsOfLoss === true)
    return volatile(`on a temporary disk (${mount.point})`, "whose content is lost when the machine ends");
  const temporary = TEMPORARY.find((folder) => isBelow(path, folder) && !isInside(mount.point, folder));
  if (temporary !== undefined)
    return volatile(
      `in the temporary folder ${temporary}`,
      "which is emptied at will and seldom outlives a machine",
    );
  return { words: lastingWords(mount, facts.disks), volatile: undefined };
}

const IN_MEMORY = /^(tmpfs|ramfs|devtmpfs|hugetlbfs)$/;
const LAYERS = /^(overlay|aufs|fuse\.fuse-overlayfs)$/;
const TEMPORARY = ["/tmp", "/var/tmp"] as const;

/**
 * Disks that stay behind when the machine goes. EC2: docs.aws.amazon.com/AWSEC2/latest/UserGuide/nvme-ebs-volumes.html
 * (models); Google: the udev rules of GoogleCloudPlatform/guest-configs (`nvme_card` is a local SSD, `nvme_card-pd` a
 * persistent disk); Azure: learn.microsoft.com/azure/virtual-machines/enable-nvme-temp-faqs.
 */
const LOCAL_MODELS: readonly RegExp[] = [
  /^Amazon EC2 NVMe Instance Storage$/,
  /^nvme_card\d*$/,
  /^EphemeralDisk$/,
  /^Microsoft NVMe Direct Disk/,
];

function isLostWithTheMachine({ name, model }: Disk): boolean {
  return /^(zram|ram)\d+$/.test(name) || LOCAL_MODELS.some((known) => known.test(model ?? ""));
}

function volatile(words: string, why: string): Place {
  return { words, volatile: `${words}, ${why}` };
}

function lastingWords({ type, source, point }: Mount, disks: readonly Disk[]): string {
  const mounted = `mounted at ${point}`;
  if (/^nfs4?$/.test(type)) {
    const efs = /^(?:[a-z0-9-]+\.)?(fs-[0-9a-f]+)\.efs\./.exec(source)?.[1];
    if (efs !== undefined) return `on EFS ${efs} (${mounted})`;
    // How the mount helper of EFS does it when it encrypts.
    if (/^(127\.0\.0\.1|localhost):/.test(source))
      return `on NFS through a tunnel of this machine, as EFS with TLS (${mounted})`;
    const fsx = /^(fs-[0-9a-f]+)\.fsx\./.exec(source)?.[1];
    return fsx === undefined ? `on NFS ${source} (${mounted})` : `on FSx ${fsx} (${mounted})`;
  }
  if (type.startsWith("fuse")) return `on a FUSE file system, ${type} of ${source} (${mounted})`;
  const [disk] = disks;
  if (disk === undefined) return `on ${type} of ${source} (${mounted})`;
  if (disk.model === "Amazon Elastic Block Store") {
    const volume = disk.serial?.replace(/^vol-?/, "vol-") ?? disk.name;
    return `on the EBS volume ${volume} (${mounted}), which lasts as long as nobody deletes it with its machine`;
  }
  return `on ${type} of the disk ${disk.name} (${mounted})`;
}

function readMount(line: string): Mount | undefined {
  const [before = "", after = ""] = line.split(" - ");
  const [, , device, root, point] = before.split(" ");
  const [type, source = ""] = after.split(" ");
  if (device === undefined || root === undefined || point === undefined || type === undefined)
    return undefined;
  return { device, root: unescape(root), point: unescape(point), type, source: unescape(source) };
}

/** Spaces and the like are written as `\040`. */
function unescape(text: string): string {
  return text.replaceAll(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isBelow(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

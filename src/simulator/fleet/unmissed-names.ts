// What nobody misses when a machine goes away, by name. A rehearsal does not report it as left behind. Empty files, links,
// sockets and fifos are never reported: there is no data in them.

/** A kind of file or folder that nobody misses. */
interface UnmissedName {
  /** Of a file or folder, its name alone. */
  readonly name: RegExp;
  readonly why: string;
}

/**
 * Folders of a working folder that are large, made by a tool and only read by jobs. They are not copied for a machine:
 * it sees the user's own.
 */
const READ_ONLY_FOLDERS: readonly UnmissedName[] = [
  { name: /^node_modules$|^bower_components$/, why: "installed packages of JavaScript" },
  { name: /^\.venv$|^venv$|^\.tox$|^\.nox$|^\.conda$/, why: "installed packages of Python" },
  { name: /^\.git$|^\.hg$|^\.svn$|^\.jj$/, why: "the history of the source" },
  { name: /^\.pnpm-store$|^\.yarn$/, why: "downloaded packages" },
  { name: /^\.terraform$|^\.terragrunt-cache$/, why: "downloaded providers and modules" },
];

const UNMISSED: readonly UnmissedName[] = [
  ...READ_ONLY_FOLDERS,
  { name: /^__pycache__$|\.py[co]$/, why: "Python makes them again" },
  { name: /^\.cache$|^\.npm$|^\.nv$|^\.ccache$/, why: "caches of tools" },
  { name: /^node-compile-cache$|^v8-compile-cache/, why: "compiled code that Node.js makes again" },
  { name: /^tsx-\d+$|^jiti$|^\.parcel-cache$/, why: "compiled code that JavaScript tools make again" },
  { name: /^\.(pytest|mypy|ruff)_cache$|^\.ipynb_checkpoints$/, why: "caches of Python tools" },
  {
    name: /^matplotlib-|^fontlist-v\d+\.json$|^\.?numba_cache|^torchinductor_/,
    why: "caches of Python libraries",
  },
  { name: /^pymp-|^torch_\d|^sem\.|^psm_/, why: "memory that processes share while they run" },
  { name: /^hsperfdata_|^\.java_pid\d+$|^\.attach_pid\d+$/, why: "counters and sockets of Java" },
  { name: /^(\.X\d+-lock|\.(X11|ICE|XIM|font|Test)-unix)$/, why: "the graphical session" },
  { name: /^ssh-\w+$|^gpg-\w+$|^systemd-private-|^dbus-/, why: "agents and services of the system" },
  { name: /\.lock$|\.pid$|\.lck$|^\.nfs[0-9a-f]+$/, why: "they mean something only while a process lives" },
  { name: /^\.?#.*#?$|^\.DS_Store$|~$|\.sw[op]$/, why: "editors and file managers make them" },
  { name: /^spotproof-[A-Za-z0-9]{6}$/, why: "Spotproof's own: the folder of its socket" },
  { name: /^spotproof-rehearsal-[A-Za-z0-9]{6}$/, why: "Spotproof's own: another rehearsal" },
  {
    name: /\.spotproof-(staging|restore|replaced)$|\.replaced-by-attempt-\d+$|^spotproof-[0-9a-f]{32}\.tmp$/,
    why: "Spotproof's own: a restore or a save under way",
  },
];

/** Whether a file or folder of this name is one that nobody misses. */
export function isUnmissed(name: string): boolean {
  return UNMISSED.some((kind) => kind.name.test(name));
}

/** Whether a folder of this name is seen from the user's own instead of being copied. `holds` says what lies in it. */
export function isReadOnlyFolder(name: string, holds: (file: string) => boolean): boolean {
  if (!READ_ONLY_FOLDERS.some((kind) => kind.name.test(name))) return false;
  // A folder of data may be called so, too.
  return name !== "venv" || holds("pyvenv.cfg") || holds("conda-meta");
}

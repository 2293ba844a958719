import { spawn } from "node:child_process";

// The guardian outlives us by a moment. It is a shell that reads lines from a pipe which only we hold open: when we
// are killed (kill -9, out of memory) the pipe ends without the word "done", and it kills whatever the command has
// started, so that nothing goes on writing on behalf of an attempt that nobody supervises (I4).
//
// It finds the processes by their group and by the attempt's mark in /proc/<pid>/environ. The mark reaches it through
// the pipe, so that it carries none itself.

/** Only for tests that kill its keeper. */
export const GUARDIAN_SCRIPT = `
group=0 mark= socket=
while read -r first rest; do
  case $first in
    done) exit 0 ;;
    socket) socket=$rest ;;
    mark) mark=$rest ;;
    group) group=$rest ;;
  esac
done
[ -n "$socket" ] && rm -f -- "$socket" && rmdir -- "\${socket%/*}"
[ -z "$mark" ] && exit 0
for round in 1 2 3 4 5; do
  [ "$group" != 0 ] && kill -s KILL -- "-$group" 2>/dev/null
  found=
  for file in /proc/[0-9]*/environ; do
    if grep -qs -e "$mark" "$file"; then
      pid=\${file#/proc/}
      kill -s KILL "\${pid%/environ}" 2>/dev/null && found=yes
    fi
  done
  [ -z "$found" ] && exit 0
done
`;

/** Watches over the command for the case that this process is killed. */
export interface Guardian {
  /** The job channel's socket is ours to remove, with its folder, if this process cannot. */
  tidy(socketPath: string): void;
  /** From now on the end of this process means the end of everything that carries the mark. Before the first start. */
  watch(mark: string): void;
  /** … and of this process group. */
  guard(groupId: number): void;
  /** The group is no more: its number may soon be somebody else's. */
  release(): void;
  /** The command and everything that it started has ended: the guardian may go. */
  dismiss(): void;
}

/**
 * Starts a guardian. Where there is no shell it does nothing, and `onMissing` is told.
 * `path` is the PATH on which the guardian finds `grep`.
 */
export function startGuardian(path: string, onMissing: (reason: string) => void): Guardian {
  const shell = spawn("/bin/sh", ["-c", GUARDIAN_SCRIPT, "spotproof-guardian"], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
    env: { PATH: path },
  });
  shell.on("error", (error) => onMissing(error.message));
  // A guardian that was killed by somebody breaks the pipe; the command is then only as safe as we are.
  shell.stdin.on("error", (error) => onMissing(error.message));
  shell.unref();
  return {
    tidy: (socketPath) => void shell.stdin.write(`socket ${socketPath}\n`),
    watch: (mark) => void shell.stdin.write(`mark ${mark}\n`),
    guard: (groupId) => void shell.stdin.write(`group ${groupId}\n`),
    release: () => void shell.stdin.write("group 0\n"),
    dismiss: () => void shell.stdin.end("done\n"),
  };
}

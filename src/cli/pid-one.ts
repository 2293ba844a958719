import { existsSync } from "node:fs";
import type { CommandIo } from "./command-io.ts";

// As PID 1 of a container we inherit every orphan, and somebody has to ask for their exit status, or they stay in the
// process table as zombies. Node waits for its own children only. So where Node can replace itself (process.execve, 22.15
// and newer) PID 1 becomes a small shell that reaps whatever it inherits, hands signals on, and starts us as its child.

const INIT = `
exec 3<&0
"$@" <&3 3<&- &
child=$!
exec 3<&-
for name in TERM INT HUP USR1 USR2 CONT WINCH; do trap "kill -$name $child 2>/dev/null" $name; done
while :; do
  wait $child
  status=$?
  kill -0 $child 2>/dev/null || exit $status
done
`;

type Execve = (
  file: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
) => never;

/** Does nothing unless this process is PID 1; then it does not return where a reaping init can be had. */
export function becomeChildOfInit(io: CommandIo, args: readonly string[]): void {
  if (io.pid !== 1 || args[0] !== "run") return;
  const execve = (process as { readonly execve?: Execve }).execve;
  const shell = "/bin/sh";
  if (execve === undefined || !existsSync(shell)) {
    io.err(
      "spotproof: running as PID 1 without an init: ended processes that lost their parent stay listed as zombies. Node.js 22.15 or newer, or `docker run --init`, avoids that.\n",
    );
    return;
  }
  const script = process.argv[1] ?? "";
  execve.call(
    process,
    shell,
    [shell, "-c", INIT, "spotproof-init", process.execPath, ...process.execArgv, script, ...args],
    { ...io.environment },
  );
}

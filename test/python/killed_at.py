"""Runs a program that kills itself just before its $1st operation on files below $SPOTPROOF_CHECKPOINT.

Without a kill, by 0, it says on standard error how many there are.
"""

import os
import runpy
import signal
import sys

AT = int(sys.argv.pop(1))
FOLDER = os.environ["SPOTPROOF_CHECKPOINT"]
WATCHED = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir", "shutil.rmtree"}
count = 0


def look(event, arguments):
    global count
    if event not in WATCHED or not str(arguments[0]).startswith(FOLDER):
        # Within shutil.rmtree paths may be relative to an open folder.
        if event not in ("os.remove", "os.rmdir"):
            return
    count += 1
    if count == AT:
        os.kill(os.getpid(), signal.SIGKILL)


sys.path[0] = os.path.dirname(sys.argv[1])
sys.argv.pop(0)
sys.addaudithook(look)
runpy.run_path(sys.argv[0], run_name="__main__")
print(f"operations {count}", file=sys.stderr)

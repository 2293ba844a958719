"""Keeps its progress well, and does not hear SIGTERM. $1 steps of $2 seconds."""

import os
import signal
import sys
import time

signal.signal(signal.SIGTERM, signal.SIG_IGN)
STEPS, SECONDS = int(sys.argv[1]), float(sys.argv[2])
FOLDER = os.environ.get("SPOTPROOF_CHECKPOINT", "./ckpt")
STATE = os.path.join(FOLDER, "step")
os.makedirs(FOLDER, exist_ok=True)
step = int(open(STATE, encoding="utf-8").read()) if os.path.exists(STATE) else 0
while step < STEPS:
    time.sleep(SECONDS)
    step += 1
    with open(STATE + ".new", "w", encoding="utf-8") as file:
        file.write(str(step))
    os.replace(STATE + ".new", STATE)

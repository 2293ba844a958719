"""Rewrites its state in place, slowly: whoever looks in between sees half of it.

$1 steps, each of which is one writing of about $2 seconds.
"""

import json
import os
import sys
import time

STEPS, SECONDS = int(sys.argv[1]), float(sys.argv[2])
FOLDER = os.environ.get("SPOTPROOF_CHECKPOINT", "./ckpt")
STATE = os.path.join(FOLDER, "state.json")
os.makedirs(FOLDER, exist_ok=True)


def load():
    if not os.path.exists(STATE):
        return {"step": 0, "ballast": "x" * 4000}
    with open(STATE, encoding="utf-8") as file:
        return json.load(file)


state = load()
while state["step"] < STEPS:
    time.sleep(SECONDS / 2)
    state["step"] += 1
    text = json.dumps(state)
    with open(STATE, "w", encoding="utf-8") as file:
        for at in range(0, len(text), 500):
            file.write(text[at : at + 500])
            file.flush()
            time.sleep(SECONDS / 16)
    print(f"step {state['step']}", flush=True)

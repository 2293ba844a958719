"""The job of ../breaks/count.py, made to survive: progress in a folder every 10 steps, and at once when told to stop.

    spotproof run --job count --checkpoint ./ckpt --store ./store -- python3 survives/count.py

Needs Python 3.8 or newer and nothing else. Runs without Spotproof too: then it survives on this one machine.

STEP_SECONDS  how long one step works (default 0.1)
SLOW_AFTER    steps after this one take 50 times as long: time to interrupt it there (default: none)
"""

import http.client
import json
import os
import signal
import socket
import sys
import time

STEPS = 100
SAVE_EVERY = 10
STEP_SECONDS = float(os.environ.get("STEP_SECONDS", "0.1"))
SLOW_AFTER = int(os.environ.get("SLOW_AFTER", STEPS))

FOLDER = os.environ.get("SPOTPROOF_CHECKPOINT", "./ckpt")
STATE = os.path.join(FOLDER, "state.json")

# "Told to stop, not done, saved: start me again", for Spotproof and for whatever else starts the job.
TOLD_TO_STOP = 75


def load():
    """The state that was saved last, or the beginning."""
    try:
        with open(STATE, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {"step": 0, "checksum": 0}


def save(state):
    """Write beside, then rename: whoever looks sees the state before or the state after, never half of one."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(STATE + ".new", "w", encoding="utf-8") as file:
        json.dump(state, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(STATE + ".new", STATE)


class JobChannel(http.client.HTTPConnection):
    """HTTP to the supervisor over its unix socket."""

    def __init__(self):
        super().__init__("localhost", timeout=2)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.environ["SPOTPROOF_SOCKET"])


def report_progress(done):
    """Tells Spotproof how far the job is. Without Spotproof it does nothing."""
    if "SPOTPROOF_SOCKET" not in os.environ:
        return
    channel = JobChannel()
    try:
        body = json.dumps({"done": done, "total": STEPS, "unit": "steps"})
        channel.request("POST", "/progress", body, {"Content-Type": "application/json"})
        channel.getresponse().read()
    except OSError as error:  # a report is a courtesy: the work goes on without it
        print(f"progress was not reported: {error}", file=sys.stderr)
    finally:
        channel.close()


def work(state):
    """One step of the job. Its result depends on every step before it."""
    step = state["step"] + 1
    time.sleep(STEP_SECONDS * (50 if step > SLOW_AFTER else 1))
    return {"step": step, "checksum": (state["checksum"] * 31 + step * step) % 1_000_000_007}


told_to_stop = False


def on_sigterm(_number, _frame):
    # Only a flag: saving inside a signal handler could meet a step half done.
    global told_to_stop
    told_to_stop = True


signal.signal(signal.SIGTERM, on_sigterm)

state = load()
if state["step"] > 0:
    print(f"going on after step {state['step']}", flush=True)

while state["step"] < STEPS:
    state = work(state)
    print(f"step {state['step']}/{STEPS}", flush=True)
    if told_to_stop or state["step"] % SAVE_EVERY == 0:
        save(state)
        report_progress(state["step"])
    if told_to_stop and state["step"] < STEPS:
        print(f"told to stop: saved at step {state['step']}", flush=True)
        sys.exit(TOLD_TO_STOP)

print(f"result {state['checksum']}", flush=True)

"""A job of 100 steps that keeps its progress in memory only.

Interrupted at step 90, it starts again at 0. ../survives/count.py is the same job, made to go on.

STEP_SECONDS  how long one step works (default 0.1)
"""

import os
import time

STEPS = 100
STEP_SECONDS = float(os.environ.get("STEP_SECONDS", "0.1"))


def work(checksum, step):
    """One step of the job. Its result depends on every step before it."""
    time.sleep(STEP_SECONDS)
    return (checksum * 31 + step * step) % 1_000_000_007


checksum = 0
for step in range(1, STEPS + 1):
    checksum = work(checksum, step)
    print(f"step {step}/{STEPS}", flush=True)

print(f"result {checksum}", flush=True)

"""A chain of steps, each of which needs the one before: one that is lost, torn, or done twice changes the result.

$1 steps of $2 seconds; the rest comes from the environment.
"""

import hashlib
import json
import os
import random
import sys
import time

import spotproof

STEPS, SECONDS = int(sys.argv[1]), float(sys.argv[2])
OPTIONS = json.loads(os.environ.get("OPTIONS", '{"every": 5}'))
BALLAST = int(os.environ.get("BALLAST", "1000"))

random.seed(1)
chain = ""
done = []


def save(folder):
    (folder / "chain.txt").write_text(chain, encoding="utf-8")
    (folder / "more").mkdir()
    with open(folder / "more" / "ballast", "w", encoding="utf-8") as file:
        for _ in range(10):
            file.write(chain[:10] * (BALLAST // 100))
            file.flush()
    (folder / "done.json").write_text(json.dumps(done), encoding="utf-8")


def load(folder):
    global chain, done
    chain = (folder / "chain.txt").read_text(encoding="utf-8")
    done = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    ballast = (folder / "more" / "ballast").read_text(encoding="utf-8")
    if ballast != chain[:10] * (BALLAST // 100) * 10:
        sys.exit("torn: the files are of different steps")
    if done != list(range(len(done))):
        sys.exit("wrong: a step is lost, or done twice")
    print(f"going on after step {len(done)}", flush=True)


for step in spotproof.steps(STEPS, save=save, load=load, random_state=True, **OPTIONS):
    time.sleep(SECONDS)
    chain = hashlib.sha256(f"{chain} {step} {random.random()}".encode()).hexdigest()
    done.append(step)
    print(f"step {step + 1}", flush=True)
    if os.environ.get("CRASH_AT") == str(step + 1) and os.environ["SPOTPROOF_RESUMED"] == "0":
        sys.exit("crash")

if len(done) == STEPS:
    print(f"result {chain}", flush=True)

"""Python reads this when moto is started. moto looks whether an item is there and then writes it, without a lock: on a busy
computer another thread's turn came in between, and two racing creates were both told that they won. Threads now give up their
turn when they wait, and not in the middle of a request."""

import sys

sys.setswitchinterval(5)

#!/bin/sh
# Keeps its only state file open and half-written for $1 s of work, and fails when it finds it so.
state=$SPOTPROOF_CHECKPOINT/state
[ ! -e "$state" ] || grep -q whole "$state" || { echo "state is cut off" >&2; exit 4; }
exec 3>"$state"
printf 'half' >&3
sleep "$1"
printf ' and whole\n' >&3

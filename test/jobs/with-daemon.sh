#!/bin/sh
# Counts to $1 in $SPOTPROOF_CHECKPOINT/n, one step each $2 s, and leaves a process behind.
setsid sh -c 'trap "" TERM HUP; while :; do sleep 0.05; done' daemon &
exec sh "$(dirname "$0")/counts.sh" "$@"

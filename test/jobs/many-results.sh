#!/bin/sh
# Counts to $1, one step each $2 s, and leaves results of every kind: n is always the same, history depends on where it was
# interrupted, first-life exists only when it was not, scratch.csv lies outside of the folder that is saved.
echo "begin at $(cat "$SPOTPROOF_CHECKPOINT/n" 2>/dev/null || echo 0)" >>"$SPOTPROOF_CHECKPOINT/history"
rm -f "$SPOTPROOF_CHECKPOINT/first-life"
sh "$(dirname "$0")/counts.sh" "$1" "$2" || exit
echo "$1" >scratch.csv
[ "$SPOTPROOF_RESUMED" = 1 ] || echo "never interrupted" >"$SPOTPROOF_CHECKPOINT/first-life"

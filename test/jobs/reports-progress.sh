#!/bin/sh
# Counts to $1 in $SPOTPROOF_CHECKPOINT/n, one step each $2 s, and tells the job channel after each step.
file=$SPOTPROOF_CHECKPOINT/n
n=$(cat "$file" 2>/dev/null || echo 0)
while [ "$n" -lt "$1" ]; do
  sleep "$2"
  n=$((n + 1))
  echo "$n" >"$file.new" && mv "$file.new" "$file"
  curl -s --unix-socket "$SPOTPROOF_SOCKET" -X POST http://job/progress -d "{\"done\": $n, \"total\": $1}"
done

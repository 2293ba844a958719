#!/bin/sh
# Counts to $1 in $SPOTPROOF_CHECKPOINT/n, one step each $2 s; every step is one line of output.
file=$SPOTPROOF_CHECKPOINT/n
n=$(cat "$file" 2>/dev/null || echo 0)
echo "begin at $n"
while [ "$n" -lt "$1" ]; do
  sleep "$2"
  n=$((n + 1))
  echo "$n" >"$file.new" && mv "$file.new" "$file"
  echo "step $n"
done

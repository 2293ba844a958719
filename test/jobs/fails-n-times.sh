#!/bin/sh
# Fails with status 3 until it was started n times; counts outside of the saved folder.
count=$(($(cat "$1" 2>/dev/null || echo 0) + 1))
echo "$count" >"$1"
echo "life $count"
[ "$count" -ge "$2" ] || exit 3

#!/bin/sh
# Counts to $2, one step each $3 s, keeps that well, and writes its result to the file $1 at the end.
sh "$(dirname "$0")/counts.sh" "$2" "$3" || exit
echo "steps,$2" >"$1"

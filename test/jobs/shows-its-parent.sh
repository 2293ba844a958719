#!/bin/sh
# Prints the command line of the process that started it (Linux), then counts as counts.sh does, quietly.
echo "parent: $(tr '\0' ' ' <"/proc/$PPID/cmdline")"
sh "$(dirname "$0")/counts.sh" "$@" >/dev/null

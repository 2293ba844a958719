#!/bin/sh
# Does not end when asked.
trap '' TERM INT
echo ready
while :; do sleep 0.05; done

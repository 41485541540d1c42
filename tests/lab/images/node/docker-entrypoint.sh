#!/bin/sh
# Flags or a file alone run node.
set -e
case "$1" in -*) set -- node "$@" ;; esac
command -v "$1" > /dev/null || set -- node "$@"
exec "$@"

#!/bin/sh
# Flags or a subcommand alone run traefik; anything else runs as it is.
set -e
case "$1" in
  -*) set -- traefik "$@" ;;
  healthcheck | version) set -- traefik "$@" ;;
esac
exec "$@"

#!/bin/sh
# Flags or a .conf file alone start the server; as root it becomes its own user first. Like the published image, it
# takes connections without a password from anywhere unless one is set.
set -e
case "$1" in -* | *.conf) set -- valkey-server "$@" ;; esac
if [ "$1" = valkey-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user valkey -exec chown valkey '{}' +
  set -- gosu valkey "$@" --protected-mode no
fi
exec "$@"

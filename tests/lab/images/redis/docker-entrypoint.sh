#!/bin/sh
# Flags or a .conf file alone start the server; as root it becomes its own user first. Like the published image, it
# takes connections without a password from anywhere unless one is set.
set -e
case "$1" in -* | *.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  set -- gosu redis "$@" --protected-mode no
fi
exec "$@"

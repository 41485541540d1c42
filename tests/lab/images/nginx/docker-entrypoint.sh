#!/bin/sh
# Writes /etc/nginx/conf.d/NAME from /etc/nginx/templates/NAME.template with the environment's variables put in, and runs
# the scripts of /docker-entrypoint.d.
set -e
if [ "$1" = nginx ]; then
  defined=$(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=.*/${\1}/p' | tr '\n' ' ')
  for template in /etc/nginx/templates/*.template; do
    [ -e "$template" ] || continue
    envsubst "$defined" < "$template" > "/etc/nginx/conf.d/$(basename "$template" .template)"
  done
  for script in /docker-entrypoint.d/*.sh; do
    [ -x "$script" ] && "$script"
  done
fi
exec "$@"

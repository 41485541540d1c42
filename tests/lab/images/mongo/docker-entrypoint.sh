#!/bin/bash
# Variables: MONGO_INITDB_ROOT_USERNAME and MONGO_INITDB_ROOT_PASSWORD (each also as *_FILE). They count on an empty data
# folder only; without them nobody has to log in, as with the published image.
set -eo pipefail
for name in MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD; do
  file=${name}_FILE
  [ -z "${!file}" ] || export "$name=$(< "${!file}")"
done
case "$1" in -*) set -- mongod "$@" ;; esac
[ "$1" = mongod ] || exec "$@"
if [ "$(id -u)" = 0 ]; then
  chown -R mongodb: /data/db
  exec gosu mongodb "$0" "$@"
fi
export FERRETDB_HANDLER=sqlite FERRETDB_SQLITE_URL=file:/data/db/ FERRETDB_STATE_DIR=/data/db
export FERRETDB_LISTEN_ADDR=0.0.0.0:27017 FERRETDB_TELEMETRY=disable FERRETDB_LOG_LEVEL=WARN
if [ -n "$MONGO_INITDB_ROOT_USERNAME" ] && [ -n "$MONGO_INITDB_ROOT_PASSWORD" ]; then
  export FERRETDB_TEST_ENABLE_NEW_AUTH=true FERRETDB_SETUP_DATABASE=admin
  # FerretDB leaves a user alone that is there already, so a password that was changed since stays
  export FERRETDB_SETUP_USERNAME=$MONGO_INITDB_ROOT_USERNAME FERRETDB_SETUP_PASSWORD=$MONGO_INITDB_ROOT_PASSWORD
fi
unset MONGO_INITDB_ROOT_PASSWORD
exec ferretdb

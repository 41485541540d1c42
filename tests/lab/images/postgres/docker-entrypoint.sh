#!/bin/bash
# Variables: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB (each also as NAME_FILE), POSTGRES_INITDB_ARGS,
# POSTGRES_HOST_AUTH_METHOD, PGDATA. Scripts in /docker-entrypoint-initdb.d run once, on an empty data folder.
set -eo pipefail
for name in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB; do
  file=${name}_FILE
  [ -z "${!file}" ] || export "$name=$(< "${!file}")"
done
case "$1" in -*) set -- postgres "$@" ;; esac
[ "$1" = postgres ] || exec "$@"
case " $* " in *" --version "* | *" -V "* | *" --help "*) exec "$@" ;; esac
if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  chown -R postgres: "$PGDATA" /var/run/postgresql
  exec gosu postgres "$0" "$@"
fi
if [ -s "$PGDATA/PG_VERSION" ]; then
  echo "PostgreSQL Database directory appears to contain a database; Skipping initialization"
  exec "$@"
fi
user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}
method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
  echo "Error: Database is uninitialized and superuser password is not specified." >&2
  exit 1
fi
# shellcheck disable=SC2086 # several arguments in one variable, as the published image takes them
initdb -U "$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") $POSTGRES_INITDB_ARGS
printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
export PGPASSWORD=$POSTGRES_PASSWORD
if [ "$database" != postgres ]; then
  psql -q -v ON_ERROR_STOP=1 -U "$user" -d postgres -v name="$database" <<< 'CREATE DATABASE :"name";'
fi
for file in /docker-entrypoint-initdb.d/*; do
  case $file in
    *.sh) . "$file" ;;
    *.sql) psql -v ON_ERROR_STOP=1 -U "$user" -d "$database" -f "$file" ;;
  esac
done
pg_ctl -D "$PGDATA" -m fast -w stop
unset PGPASSWORD
echo "PostgreSQL init process complete; ready for start up."
exec "$@"

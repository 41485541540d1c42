#!/bin/bash
# Variables: MYSQL_ROOT_PASSWORD, MYSQL_DATABASE, MYSQL_USER, MYSQL_PASSWORD (each also as *_FILE), MYSQL_ROOT_HOST.
# Scripts in /docker-entrypoint-initdb.d run once, on an empty data folder.
set -eo pipefail
for name in MYSQL_ROOT_PASSWORD MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD; do
  file=${name}_FILE
  [ -z "${!file}" ] || export "$name=$(< "${!file}")"
done
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"; }

case "$1" in -*) set -- mysqld "$@" ;; esac
[ "$1" = mysqld ] || exec "$@"
shift
set -- mysqld --user=mysql --datadir=/var/lib/mysql --socket=/var/run/mysqld/mysqld.sock "$@"
mkdir -p /var/run/mysqld
chown -R mysql: /var/lib/mysql /var/run/mysqld
[ -d /var/lib/mysql/mysql ] && exec "$@"

if [ -z "$MYSQL_ROOT_PASSWORD" ]; then
  echo "Database is uninitialized and password option is not specified" >&2
  exit 1
fi
"$@" --initialize-insecure
"$@" --skip-networking --mysqlx=OFF &
server=$!
client=(mysql --no-defaults --protocol=socket --socket=/var/run/mysqld/mysqld.sock -uroot)
until "${client[@]}" -e 'SELECT 1' > /dev/null 2>&1; do
  kill -0 $server
  sleep 0.2
done
{
  host=$(quoted "${MYSQL_ROOT_HOST:-%}")
  echo "CREATE USER root@$host IDENTIFIED BY $(quoted "$MYSQL_ROOT_PASSWORD");"
  echo "GRANT ALL ON *.* TO root@$host WITH GRANT OPTION;"
  [ -z "$MYSQL_DATABASE" ] || echo "CREATE DATABASE \`$MYSQL_DATABASE\`;"
  if [ -n "$MYSQL_USER" ]; then
    echo "CREATE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "$MYSQL_PASSWORD");"
    [ -z "$MYSQL_DATABASE" ] || echo "GRANT ALL ON \`$MYSQL_DATABASE\`.* TO $(quoted "$MYSQL_USER")@'%';"
  fi
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ -e "$file" ] || continue
    [ -z "$MYSQL_DATABASE" ] || echo "USE \`$MYSQL_DATABASE\`;"
    cat "$file"
  done
  echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "$MYSQL_ROOT_PASSWORD");"
} | "${client[@]}"
kill $server
wait $server || true
echo "MySQL init process done. Ready for start up."
exec "$@"

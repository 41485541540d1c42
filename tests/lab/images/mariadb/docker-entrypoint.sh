#!/bin/bash
# Variables: MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER, MARIADB_PASSWORD (each also as MYSQL_* and *_FILE),
# MARIADB_ROOT_HOST. Scripts in /docker-entrypoint-initdb.d run once, on an empty data folder.
set -eo pipefail
value_of() {
  local name
  for name in "MARIADB_$1" "MYSQL_$1"; do
    local file=${name}_FILE
    if [ -n "${!name}" ]; then printf %s "${!name}"; return; fi
    if [ -n "${!file}" ]; then cat "${!file}"; return; fi
  done
}
quoted() { printf "'%s'" "$(printf %s "$1" | sed "s/\\\\/\\\\\\\\/g; s/'/''/g")"; }

case "$1" in -*) set -- mariadbd "$@" ;; esac
case "$1" in mariadbd | mysqld) shift ;; *) exec "$@" ;; esac
set -- mariadbd --user=mysql --bind-address=0.0.0.0 "$@"
mkdir -p /run/mysqld
chown -R mysql: /var/lib/mysql /run/mysqld
[ -d /var/lib/mysql/mysql ] && exec "$@"

root_password=$(value_of ROOT_PASSWORD) database=$(value_of DATABASE) user=$(value_of USER) password=$(value_of PASSWORD)
if [ -z "$root_password" ]; then
  echo "Database is uninitialized and password option is not specified" >&2
  exit 1
fi
mariadb-install-db --user=mysql --skip-test-db > /dev/null
# for healthcheck.sh, which must not know the root password
health_password=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
(umask 077 && printf '[client]\nuser=healthcheck\npassword=%s\n' "$health_password" > /var/lib/mysql/.my-healthcheck.cnf)
socket=/run/mysqld/first.sock
gosu mysql mariadbd --skip-networking --socket=$socket &
server=$!
until mariadb-admin --socket=$socket ping > /dev/null 2>&1; do
  kill -0 $server
  sleep 0.1
done
{
  echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "$root_password");"
  host=$(value_of ROOT_HOST)
  echo "CREATE USER root@$(quoted "${host:-%}") IDENTIFIED BY $(quoted "$root_password");"
  echo "GRANT ALL ON *.* TO root@$(quoted "${host:-%}") WITH GRANT OPTION;"
  echo "CREATE USER healthcheck@localhost IDENTIFIED BY '$health_password';"
  [ -z "$database" ] || echo "CREATE DATABASE \`$database\`;"
  if [ -n "$user" ]; then
    echo "CREATE USER $(quoted "$user")@'%' IDENTIFIED BY $(quoted "$password");"
    [ -z "$database" ] || echo "GRANT ALL ON \`$database\`.* TO $(quoted "$user")@'%';"
  fi
} | mariadb --socket=$socket
for file in /docker-entrypoint-initdb.d/*; do
  case $file in
    *.sh) . "$file" ;;
    *.sql) MYSQL_PWD=$root_password mariadb --socket=$socket -uroot ${database:+"$database"} < "$file" ;;
  esac
done
kill $server
wait $server || true
echo "MariaDB init process done. Ready for start up."
exec "$@"

#!/bin/sh
# healthcheck.sh [--connect] [--innodb_initialized] ...: whether the server takes connections over TCP.
exec mariadb --defaults-file=/var/lib/mysql/.my-healthcheck.cnf -h 127.0.0.1 -P 3306 --protocol tcp --connect-timeout=5 \
  -Ne 'SELECT 1' > /dev/null

#!/bin/bash
# Variables: CLICKHOUSE_USER, CLICKHOUSE_PASSWORD, CLICKHOUSE_DB. As with the published image they count at every start.
set -eo pipefail
case "$1" in "" | -*) ;; *) exec "$@" ;; esac
user=${CLICKHOUSE_USER:-default}
digest=$(printf %s "$CLICKHOUSE_PASSWORD" | sha256sum | cut -c1-64)
remove=
[ "$user" = default ] || remove='<default remove="remove"/>'
secret='<password></password>'
[ -z "$CLICKHOUSE_PASSWORD" ] || secret="<password_sha256_hex>$digest</password_sha256_hex>"
cat > /etc/clickhouse-server/users.d/default-user.xml << XML
<yandex><users>$remove<$user replace="replace">$secret
<networks><ip>0.0.0.0/0</ip></networks><profile>default</profile><quota>default</quota></$user></users></yandex>
XML
cat > /etc/clickhouse-server/config.d/docker.xml << XML
<yandex><listen_host>0.0.0.0</listen_host><listen_try>1</listen_try>
<logger><level>warning</level><console>1</console></logger></yandex>
XML
chown -R clickhouse: /var/lib/clickhouse /var/log/clickhouse-server /etc/clickhouse-server
if [ -n "$CLICKHOUSE_DB" ]; then
  (
    for _ in $(seq 100); do
      sleep 0.2
      clickhouse-client --user "$user" --password "$CLICKHOUSE_PASSWORD" \
        --query "CREATE DATABASE IF NOT EXISTS \`$CLICKHOUSE_DB\`" 2> /dev/null && break
    done
  ) &
fi
exec gosu clickhouse clickhouse-server --config-file=/etc/clickhouse-server/config.xml "$@"

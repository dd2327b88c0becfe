#!/bin/bash
# Runs one MySQL server of Compose from the same settings and initial SQL as natively.
#   ROLE=primary|replica  SERVER_ID=<number>  SOURCE=<host of the primary, for a replica>
# ROLE and SOURCE are what a server begins as; `npm run mysql -- promote` and `rejoin` change them, and that lasts.
set -euo pipefail

data=/var/lib/mysql/data
settings=/etc/sns-mysql
socket=/tmp/mysql.sock

# Copied, because a server ignores settings that everyone may write, as mounted files may look.
mkdir -p "$settings"
install -m 644 /stack/mysql/common.cnf "/stack/mysql/$ROLE.cnf" "$settings/"
printf '!include %s\n' "$settings/common.cnf" "$settings/$ROLE.cnf" >"$settings/my.cnf"
server=(mysqld --defaults-file="$settings/my.cnf" --user=mysql --datadir="$data" --socket="$socket"
  --server-id="$SERVER_ID" --report-host="$(hostname)")
cat /stack/mysql/init/[0-8]*.sql ${EXTRA_SQL:+"$EXTRA_SQL"} /stack/mysql/init/99-end.sql >/tmp/init.sql
as_root() { mysql --no-defaults -uroot -S "$socket" "$@"; }

# The marker is written last: without it the data are those of an interrupted first start.
if [[ ! -f $data/../initialised ]]; then
  rm -rf "$data"
  # Not logged: every server begins with the same users and an empty history. A replica is read-only from its first start.
  "${server[@]}" --super-read-only=OFF --disable-log-bin --initialize-insecure --init-file=/tmp/init.sql
  if [[ $ROLE == replica ]]; then
    "${server[@]}" --skip-networking --skip-replica-start &
    until as_root -e 'SELECT 1' >/dev/null 2>&1; do sleep 0.1; done
    as_root -e "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '$SOURCE', SOURCE_PORT = 3306,
      SOURCE_USER = 'sns_replication', SOURCE_PASSWORD = 'sns-replication-development',
      SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1,
      SOURCE_CONNECT_RETRY = 1, SOURCE_RETRY_COUNT = 86400, SOURCE_HEARTBEAT_PERIOD = 2"
    as_root -e 'SHUTDOWN'
    wait
  fi
  touch "$data/../initialised"
fi

exec "${server[@]}" --init-file=/tmp/init.sql --bind-address=0.0.0.0 --port=3306

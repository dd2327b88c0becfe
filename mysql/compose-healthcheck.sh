#!/bin/bash
# Succeeds when this server of Compose serves: a replica when it also receives and applies.
set -euo pipefail

query='SELECT "ONON"'
if [[ $ROLE == replica ]]; then
  query='SELECT CONCAT(r.SERVICE_STATE, a.SERVICE_STATE)
           FROM performance_schema.replication_connection_status r
           JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME)'
fi
[[ $(MYSQL_PWD=sns-development mysql -h127.0.0.1 -usns_monitor -N -B -e "$query") == ONON ]]

#!/bin/bash
# Succeeds when this server of Compose serves, whatever its role is by now: a replica receives and applies, another one
# takes writes.
set -euo pipefail

query='SELECT COALESCE(
  (SELECT CONCAT(r.SERVICE_STATE, a.SERVICE_STATE)
     FROM performance_schema.replication_connection_configuration c
     JOIN performance_schema.replication_connection_status r USING (CHANNEL_NAME)
     JOIN performance_schema.replication_applier_status a USING (CHANNEL_NAME)),
  IF(@@GLOBAL.super_read_only, "read-only", "ONON"))'
[[ $(MYSQL_PWD=sns-development mysql -h127.0.0.1 -usns_monitor -N -B -e "$query") == ONON ]]

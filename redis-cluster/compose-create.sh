#!/bin/sh
# Makes the six nodes of Compose a cluster unless they are one, then holds the network that they share.
set -eu

until redis-cli -p "$REDIS_PORT_6" ping >/dev/null 2>&1; do sleep 0.2; done
if ! redis-cli -p "$REDIS_PORT_1" cluster info | grep -q 'cluster_slots_assigned:16384'; then
  set -- "$REDIS_PORT_1" "$REDIS_PORT_2" "$REDIS_PORT_3" "$REDIS_PORT_4" "$REDIS_PORT_5" "$REDIS_PORT_6"
  for port in "$@"; do
    until redis-cli -p "$port" ping >/dev/null 2>&1; do sleep 0.2; done
    redis-cli -p "$port" flushall >/dev/null
    redis-cli -p "$port" cluster reset hard >/dev/null
  done
  # shellcheck disable=SC2046
  redis-cli --cluster create $(printf '127.0.0.1:%s ' "$@") --cluster-replicas 1 --cluster-yes
fi
exec sleep infinity

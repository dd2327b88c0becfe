#!/bin/sh
# Runs radosgw in Compose; its data are in the working directory, as radosgw.conf says.
set -eu

identity='-c /etc/radosgw.conf -n client.rgw.local'
# The marker is written last: without it the data are those of an interrupted first start.
if [ ! -f initialised ]; then
  find . -mindepth 1 -delete
  # shellcheck disable=SC2086
  radosgw-admin $identity user create --uid=sns --display-name=SNS \
    --access-key="$S3_ACCESS_KEY" --secret-key="$S3_SECRET_KEY" >/dev/null
  touch initialised
fi
# shellcheck disable=SC2086
exec radosgw $identity -f --rgw_frontends='beast endpoint=0.0.0.0:9000'

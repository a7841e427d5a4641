#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts MiniStack 1.5.33 (AWS emulator, MIT) on 127.0.0.1 from a Python environment under DIR.
#   start-ministack.sh --dir DIR [--port 4566] [--auth] [--trail] [--persist] [--timeout 60] [--install-only]
#   --auth     AUTH=true: access checks on (off by default: any credentials are accepted)
#   --trail    CLOUDTRAIL_RECORDING=1: LookupEvents shows the calls made
#   --persist  PERSIST_STATE=1, S3_PERSIST=1: buckets, objects and other state survive a stop (DIR/ministack-state, DIR/ministack-data)
# Prints the URL on stdout. Reset all state: POST URL/_ministack/reset. Stop with: stop-ministack.sh --dir DIR
# MiniStack by itself listens on 0.0.0.0, opens an MQTT listener on 0.0.0.0:8883, may open SFTP on 0.0.0.0:2222 and
# keeps its keys and objects in shared temporary folders; the settings below turn all of that off.
set -euo pipefail
NAME=ministack PORT=4566
. "$(dirname "${BASH_SOURCE[0]}")/python-service.sh"
extra_arg() { EXTRA_SHIFT=1; case "$1" in
  --auth) export AUTH=true;; --trail) export CLOUDTRAIL_RECORDING=1;; --persist) export PERSIST_STATE=1 S3_PERSIST=1;; *) return 1;; esac; }
py_args "$@"
py_install
[ "$INSTALL_ONLY" = 0 ] || exit 0
export GATEWAY_PORT=$PORT BIND_HOST=127.0.0.1 MINISTACK_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 SFTP_HOST=127.0.0.1
export STATE_DIR="$DIR/ministack-state" S3_DATA_DIR="$DIR/ministack-data/s3" MINISTACK_REGION="${MINISTACK_REGION:-us-east-1}"
unset EDGE_PORT DOCKER_HOST AWS_ENDPOINT_URL || true
py_start /_ministack/health "$DIR/ministack-venv/bin/python" "$DIR/ministack-venv/bin/ministack"

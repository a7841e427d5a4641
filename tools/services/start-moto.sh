#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts moto_server 5.2.5 (AWS emulator, Apache-2.0) on 127.0.0.1 from a Python environment under DIR.
#   start-moto.sh --dir DIR [--port 5000] [--iam-after N] [--timeout 60] [--install-only]
#   --iam-after N  after N set-up calls IAM policies and signatures are enforced (INITIAL_NO_AUTH_ACTION_COUNT)
# Prints the URL on stdout. Reset all state: POST URL/moto-api/reset. Stop with: stop-moto.sh --dir DIR
set -euo pipefail
NAME=moto PORT=5000
. "$(dirname "${BASH_SOURCE[0]}")/python-service.sh"
extra_arg() { case "$1" in --iam-after) export INITIAL_NO_AUTH_ACTION_COUNT=$2; EXTRA_SHIFT=2;; *) return 1;; esac; }
py_args "$@"
py_install
[ "$INSTALL_ONLY" = 0 ] || exit 0
py_start /moto-api/data.json "$DIR/moto-venv/bin/python" "$DIR/moto-venv/bin/moto_server" -H 127.0.0.1 -p "$PORT"

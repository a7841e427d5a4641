#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# stop-moto.sh --dir DIR: ends the moto_server that start-moto.sh started under DIR (by recorded PID).
set -euo pipefail
NAME=moto PORT=0
. "$(dirname "${BASH_SOURCE[0]}")/python-service.sh"
py_args "$@"; py_stop

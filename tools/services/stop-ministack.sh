#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# stop-ministack.sh --dir DIR: ends the MiniStack that start-ministack.sh started under DIR (by recorded PID).
set -euo pipefail
NAME=ministack PORT=0
. "$(dirname "${BASH_SOURCE[0]}")/python-service.sh"
py_args "$@"; py_stop

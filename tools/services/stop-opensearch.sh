#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# stop-opensearch.sh --dir DIR: ends the node processes that start-opensearch.sh started under DIR.
# Works by recorded PID, and only if that PID still is a node with its home under DIR. SIGTERM, 30 s, then SIGKILL.
set -euo pipefail
[ "${1:-}" = --dir ] && [ -n "${2:-}" ] || { echo "usage: stop-opensearch.sh --dir DIR" >&2; exit 2; }
DIR=$(cd "$2" && pwd)
for f in "$DIR"/*/pid; do
  [ -f "$f" ] || continue
  p=$(cat "$f")
  if [ -r "/proc/$p/cmdline" ] && tr '\0' '\n' < "/proc/$p/cmdline" | grep -Fxq -- "-Dopensearch.path.home=$(dirname "$f")"; then
    kill "$p"
    for _ in $(seq 300); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
    if kill -0 "$p" 2>/dev/null; then kill -9 "$p"; fi
  fi
  rm -f "$f"
done

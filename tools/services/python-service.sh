# SPDX-License-Identifier: Apache-2.0
# Sourced by start-*/stop-* of the Python emulators (MiniStack, moto). bash, set -euo pipefail is set by the caller.
# One service NAME under DIR: DIR/NAME-venv (environment), DIR/NAME.pid, DIR/NAME.url, DIR/NAME.log.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
say() { echo "[$NAME] $*" >&2; }

# install NAME from NAME.lock into DIR/NAME-venv: once, under a lock, complete or not at all
py_install() {
  local lock="$HERE/$NAME.lock" stamp
  stamp=$(sha256sum < "$lock" | cut -c1-16)
  (
    flock 9
    [ "$(cat "$DIR/$NAME-venv/.ok" 2>/dev/null)" = "$stamp" ] && exit 0
    rm -rf "$DIR/$NAME-venv"; "${PYTHON:-python3}" -m venv "$DIR/$NAME-venv"
    local py="$DIR/$NAME-venv/bin/python" req="$DIR/$NAME-venv/requirements.txt"
    if [ "$("$py" -c 'import sys,platform as p; print(sys.implementation.name, *sys.version_info[:2], p.system(), p.machine())')" = "cpython 3 11 Linux x86_64" ]; then
      cp "$lock" "$req"                                    # hashes in the file switch pip's hash check on
    else
      sed 's/ --hash=.*//' "$lock" > "$req"; say "not CPython 3.11 on Linux x86-64: versions pinned, hashes not checked"
    fi
    say "installing $(grep -c '^[a-z]' "$req") packages"
    "$py" -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: -r "$req" >&2
    "$py" -m pip check -q >&2
    echo "$stamp" > "$DIR/$NAME-venv/.ok"
  ) 9> "$DIR/.$NAME.install.lock"
}

py_pid() { # prints the PID if the recorded process still is this service
  local p; p=$(cat "$DIR/$NAME.pid" 2>/dev/null) || return 1
  [ -n "$p" ] && tr '\0' '\n' < "/proc/$p/cmdline" 2>/dev/null | grep -Fq -- "$DIR/$NAME-venv/bin/" && echo "$p"
}

py_start() { # HEALTH_PATH COMMAND... ; the caller exports the environment
  local health=$1 p end; shift
  URL="http://127.0.0.1:$PORT"
  if p=$(py_pid); then say "runs already (pid $p)"; cat "$DIR/$NAME.url"; return 0; fi
  if (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then say "port $PORT is taken"; return 4; fi
  ( cd "$DIR"; exec setsid "$@" </dev/null >"$DIR/$NAME.log" 2>&1 ) &
  p=$!; echo "$p" > "$DIR/$NAME.pid"; echo "$URL" > "$DIR/$NAME.url"
  end=$((SECONDS + TIMEOUT))
  until curl -sf --noproxy '*' --max-time 2 -o /dev/null "$URL$health"; do
    kill -0 "$p" 2>/dev/null || { say "died:"; tail -20 "$DIR/$NAME.log" >&2; rm -f "$DIR/$NAME.pid"; return 5; }
    [ $SECONDS -lt $end ] || { say "not up after ${TIMEOUT}s"; tail -20 "$DIR/$NAME.log" >&2; kill "$p"; rm -f "$DIR/$NAME.pid"; return 6; }
    sleep 0.1
  done
  say "up (pid $p)"; echo "$URL"
}

py_stop() { # SIGTERM, 10 s, SIGKILL; only the recorded PID, only if it still is this service
  local p
  if p=$(py_pid); then
    kill "$p"
    for _ in $(seq 100); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done
    if kill -0 "$p" 2>/dev/null; then say "did not end, SIGKILL"; kill -9 "$p"; fi
  fi
  rm -f "$DIR/$NAME.pid" "$DIR/$NAME.url"
}

py_args() { # sets DIR PORT TIMEOUT INSTALL_ONLY from the command line
  DIR= TIMEOUT=60 INSTALL_ONLY=0
  while [ $# -gt 0 ]; do case "$1" in
    --dir|--port|--timeout) [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; };;& # fall through to the next match
    --dir) DIR=$2; shift 2;; --port) PORT=$2; shift 2;; --timeout) TIMEOUT=$2; shift 2;;
    --install-only) INSTALL_ONLY=1; shift;;
    --*) extra_arg "$@" || { echo "unknown option $1" >&2; exit 2; }; shift "$EXTRA_SHIFT";;
    *) echo "unknown argument $1" >&2; exit 2;; esac; done
  [ -n "$DIR" ] || { echo "--dir DIR is required" >&2; exit 2; }
  mkdir -p "$DIR"; DIR=$(cd "$DIR" && pwd)
}
extra_arg() { return 1; }   # a start script may define its own options

# Starting and stopping: every backend has a pid file, and whatever way this script ends, they end too.

# The moment a process began tells it from a later one with the same number.
born() { awk '{print $22}' "/proc/$1/stat" 2>/dev/null; }

alive() { # name
  local pid at
  [ -s "$DIR/run/$1.pid" ] || return 1
  read -r pid at <"$DIR/run/$1.pid"
  kill -0 "$pid" 2>/dev/null && [ "$(born "$pid")" = "$at" ]
}

start() { # name command…
  local name=$1
  shift
  alive "$name" && return 0
  setsid "$@" >>"$DIR/logs/$name.log" 2>&1 </dev/null &
  printf '%s %s\n' $! "$(born $!)" >"$DIR/run/$name.pid"
  disown
}

stop() { # name
  local pid at tries
  if alive "$1"; then
    read -r pid at <"$DIR/run/$1.pid"
    kill -CONT "$pid" 2>/dev/null || true
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 50; tries++)); do
      alive "$1" || break
      sleep 0.1
    done
    if alive "$1"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$DIR/run/$1.pid"
}

# What it held is thrown away with its directory, so nobody needs a tidy end.
stop_all() {
  local file name pid at
  for file in "$DIR"/run/*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    if alive "$name"; then
      read -r pid at <"$file"
      kill -KILL -- "-$pid" 2>/dev/null || true
    fi
    rm -f "$file"
  done
}

remove_dir() {
  local tries
  for ((tries = 0; tries < 10; tries++)); do
    rm -rf "$DIR" 2>/dev/null && return 0
    sleep 0.2
  done
}

wait_for() { # seconds what command…
  local until=$((SECONDS + $1)) what=$2
  shift 2
  while ! "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fail "waited in vain for $what; its log is above this line or in \`$DIR/logs\`"
    sleep 0.2
  done
}

# A child in a process group of its own, so that this script can be ended at once while it runs, and
# the child's own children with it. Job control keeps its interrupt signal from being ignored.
in_background() { # command…
  set -m
  "$@" </dev/null &
  CHILD=$!
  set +m
  [ -z "$DIR" ] || printf '%s %s\n' "$CHILD" "$(born "$CHILD")" >"$DIR/run/child.pid"
}

await_child() {
  local code=0
  wait "$CHILD" || code=$?
  CHILD=''
  [ -z "$DIR" ] || rm -f "$DIR/run/child.pid"
  return $code
}

# As `await_child`, with a sign of life every half minute.
await_child_patiently() { # what
  local seconds=0
  while kill -0 "$CHILD" 2>/dev/null; do
    sleep 1
    seconds=$((seconds + 1))
    if [ $((seconds % 30)) = 0 ]; then say "… still $1"; fi
  done
  await_child
}

stop_child() {
  if [ -n "${CHILD:-}" ]; then
    kill -TERM -- "-$CHILD" 2>/dev/null || true
    wait "$CHILD" 2>/dev/null || true
    CHILD=''
  fi
}

# If this script is killed outright, no trap runs: the watchman cleans up in its place.
start_watchman() {
  local script=$$
  setsid bash -c '
    . "$1/scripts/processes.sh"
    . "$1/scripts/docker.sh"
    . "$1/scripts/postgres.sh"
    DIR=$2
    tail --pid="$3" -f /dev/null
    stop_docker
    stop_postgres
    stop_all
    remove_dir' watchman "$HERE" "$DIR" "$script" >/dev/null 2>&1 </dev/null &
  WATCHMAN=$!
  disown
}

end_watchman() { [ -z "$WATCHMAN" ] || kill -TERM -- "-$WATCHMAN" 2>/dev/null || true; }

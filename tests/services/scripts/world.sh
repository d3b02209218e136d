# The embedded world in the place of the real backends, of the binary that is tested: one world for those who look, with
# the same estate, and one whose database is small and whose Alertmanager may be flooded.

# Only what speaks to servers; none of them is installed.
prepare_clients() {
  local packages=() tool
  for tool in psql:postgresql-client redis-cli:redis-tools promtool:prometheus amtool:prometheus-alertmanager docker:docker.io docker-compose:docker-compose; do
    command -v "${tool%%:*}" >/dev/null || packages+=("${tool##*:}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "missing: ${packages[*]}; install these packages, or run this as root"
  say "installing ${packages[*]}"
  local quiet=(env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}")
  "${quiet[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${quiet[@]}" >/dev/null 2>&1; } || fail "the packages cannot be installed"
}

ACCOUNT=system:serviceaccount:shop:short-lived

start_world() { # name scenario
  local name=$1
  mkdir -p "$DIR/$name"
  start "world-$name" "$PROGRAM" world "$DIR/$name" "$2" --user viewer --user operator --user partial --user "$ACCOUNT"
  wait_for 30 "the world $name" test -s "$DIR/$name/addresses"
}

where() { # world server
  awk -v server="$2" '$1 == server {print $2}' "$DIR/$1/addresses"
}

# Whoever comes in by an address is a user of it, so a kubeconfig has no secret.
by_address() { # file context namespace user
  cat >"$1" <<Y
{apiVersion: v1, kind: Config, current-context: $2,
 clusters: [{name: suite, cluster: {server: "http://$(where main "$4")"}}], users: [{name: $2, user: {}}],
 contexts: [{name: $2, context: {cluster: suite, user: $2, namespace: $3}}]}
Y
}

start_worlds() {
  mkdir -p "$DIR/redis-servers" "$DIR/compose" "$DIR/pg"
  start_world main "$HERE/conf/world.toml"
  start_world small "$HERE/conf/world-small.toml"
  by_address "$DIR/kubeconfig" suite default admin
  by_address "$DIR/kubeconfig-view" suite-view default viewer
  by_address "$DIR/kubeconfig-operator" suite-operator default operator
  by_address "$DIR/kubeconfig-partial" suite-partial shop partial
  by_address "$DIR/kubeconfig-token" suite-token shop "$ACCOUNT"
  local version
  for version in $REDIS_VERSIONS; do
    mkdir -p "$DIR/redis-servers/$version"
    redis_of_a_world >"$DIR/redis-servers/$version/redis-server"
    chmod +x "$DIR/redis-servers/$version/redis-server"
  done
  cat >>"$DIR/env" <<Y
export FIREDECK_TEST_WORLD=yes
export FIREDECK_TEST_SERVER='$(where main admin)'
export FIREDECK_TEST_DOCKER_SOCKET='$DIR/main/docker.sock'
export FIREDECK_TEST_ALERTMANAGER_A='$(where main alertmanager)'
export FIREDECK_TEST_ALERTMANAGER_B='$(where main alertmanager)'
export FIREDECK_TEST_ALERTMANAGER_D='$(where small alertmanager)'
export FIREDECK_TEST_PROMETHEUS='$(where main prometheus)'
export FIREDECK_TEST_REDIS='redis://$(where main redis)'
export FIREDECK_TEST_REDIS_SERVERS='$DIR/redis-servers'
export FIREDECK_TEST_POSTGRES_15='postgres://watcher:suite@$(where small postgres)/postgres'
export FIREDECK_TEST_POSTGRES_COMMON='postgres://watcher:suite@$(where main postgres)/postgres'
Y
  . "$DIR/env"
  fill_redis "$(where main redis)"
  ln -s "$DIR/main/docker.sock" "$DIR/docker.sock"
  start_containers
}

# Takes a server's own words: where it listens and keeps things, and its settings.
redis_of_a_world() {
  cat <<S
#!/usr/bin/env bash
set -euo pipefail
dir='' port='' settings='[redis]'
while [ \$# -gt 1 ]; do
  case \$1 in
    --dir) dir=\$2 ;;
    --port) port=\$2 ;;
    --bind) ;;
    *) settings+=\$'\n'"\${1#--} = \"\$2\"" ;;
  esac
  shift 2
done
printf '%s\n' "\$settings" >"\$dir/world.toml"
exec '$PROGRAM' world "\$dir" "\$dir/world.toml" --redis-port "\$port"
S
}

# Two Alertmanagers in one cluster, the packaged one and a newer one, a third that wants a login, a fourth to be
# flooded, and a Prometheus whose alerts fire always.

ALERTMANAGER=v0.35.0

prepare_alerts() {
  command -v prometheus >/dev/null && command -v prometheus-alertmanager >/dev/null && return 0
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || fail "missing: prometheus prometheus-alertmanager; install these packages, or run this as root"
  say "installing prometheus and prometheus-alertmanager"
  # The packages start services of their own; on this level none is started.
  local quiet=(env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends prometheus prometheus-alertmanager)
  "${quiet[@]}" >/dev/null 2>&1 || { apt-get update -qq && "${quiet[@]}" >/dev/null 2>&1; } || fail "the packages cannot be installed"
}

# Builds `$CACHE/alertmanager-VERSION/alertmanager`. Its module comes without the pages that its source names.
build_alertmanager() {
  local into=$CACHE/alertmanager-$ALERTMANAGER lock work page module=github.com/prometheus/alertmanager
  exec {lock}>"$CACHE/alertmanager.lock"
  flock "$lock"
  if [ ! -x "$into/alertmanager" ]; then
    say "building Alertmanager $ALERTMANAGER (Go, 1 to 2 minutes the first time)"
    work=$(mktemp -d "$CACHE/alertmanager-build.XXXXXX")
    cd "$work"
    go mod init firedeck.test/alertmanager >log 2>&1
    go mod download -json "$module@$ALERTMANAGER" >module.json 2>>log || fail "Alertmanager $ALERTMANAGER cannot be had; see \`$work/log\`"
    cp -r "$(python3 -c 'import json; print(json.load(open("module.json"))["Dir"])')" src
    chmod -R u+w src
    for page in app/dist app/dist/elm app/dist/mantine; do mkdir -p "src/ui/$page"; echo '<html></html>' >"src/ui/$page/index.html"; done
    go mod edit -require="$module@$ALERTMANAGER" -replace="$module=./src"
    printf 'package main\n\nimport _ "%s/cmd/alertmanager"\n' "$module" >use.go
    go get "$module/cmd/alertmanager" >>log 2>&1 || fail "Alertmanager's own modules cannot be had; see \`$work/log\`"
    mkdir -p "$into"
    in_background go build -trimpath -ldflags="-s -w -X github.com/prometheus/common/version.Version=${ALERTMANAGER#v}" -o "$into/alertmanager.new" "$module/cmd/alertmanager"
    await_child_patiently "building Alertmanager" || fail "Alertmanager does not build"
    cd "$ROOT"
    mv "$into/alertmanager.new" "$into/alertmanager"
    rm -rf "$work"
  fi
  exec {lock}>&-
  ALERTMANAGER_NEW=$into/alertmanager
}

# The seven ports of this part come from a row of their own, so that the cluster's row stays what it is.
start_alerts() {
  mkdir -p "$DIR/alerts"
  take_row
  local a=$ROW b=$((ROW + 1)) gossip_a=$((ROW + 2)) gossip_b=$((ROW + 3)) prometheus=$((ROW + 4)) c=$((ROW + 5)) d=$((ROW + 6))
  start_alertmanager a prometheus-alertmanager "$a" "$gossip_a" "$gossip_b"
  start_alertmanager b "$ALERTMANAGER_NEW" "$b" "$gossip_b" "$gossip_a"
  start alertmanager-c "$ALERTMANAGER_NEW" --config.file="$HERE/conf/alertmanager.yml" --storage.path="$DIR/alerts/c" \
    --web.listen-address="127.0.0.1:$c" --cluster.listen-address= --web.config.file="$HERE/conf/alertmanager-web.yml"
  start alertmanager-d "$ALERTMANAGER_NEW" --config.file="$HERE/conf/alertmanager.yml" --storage.path="$DIR/alerts/d" \
    --web.listen-address="127.0.0.1:$d" --cluster.listen-address=
  sed "s|@RULES@|$HERE/conf/alerts.rules.yml|; s|@A@|$a|; s|@B@|$b|; s|@SELF@|$prometheus|" \
    "$HERE/conf/prometheus.yml.in" >"$DIR/conf/prometheus.yml"
  wait_for 30 'Alertmanager a' answers "$a" /-/ready
  wait_for 30 'Alertmanager b' answers "$b" /-/ready
  wait_for 30 'Alertmanager d' answers "$d" /-/ready
  # It knows the Alertmanagers some seconds after it fires; what it could not send is sent again soon.
  start prometheus prometheus --rules.alert.resend-delay=5s --config.file="$DIR/conf/prometheus.yml" --storage.tsdb.path="$DIR/alerts/prometheus" \
    --web.listen-address="127.0.0.1:$prometheus"
  wait_for 30 'Prometheus' answers "$prometheus" /-/ready
  cat >>"$DIR/env" <<Y
export FIREDECK_TEST_ALERTMANAGER_A='127.0.0.1:$a'
export FIREDECK_TEST_ALERTMANAGER_B='127.0.0.1:$b'
export FIREDECK_TEST_ALERTMANAGER_C='127.0.0.1:$c'
export FIREDECK_TEST_ALERTMANAGER_D='127.0.0.1:$d'
export FIREDECK_TEST_PROMETHEUS='127.0.0.1:$prometheus'
Y
}

start_alertmanager() { # name program port gossip-port the-other's
  start "alertmanager-$1" "$2" --config.file="$HERE/conf/alertmanager.yml" --storage.path="$DIR/alerts/$1" \
    --web.listen-address="127.0.0.1:$3" --cluster.listen-address="127.0.0.1:$4" --cluster.peer="127.0.0.1:$5" \
    --cluster.settle-timeout=2s --cluster.gossip-interval=100ms --cluster.pushpull-interval=5s
}

answers() { # port path
  python3 -c 'import sys, urllib.request; urllib.request.urlopen("http://127.0.0.1:%s%s" % tuple(sys.argv[1:]), timeout=2)' "$1" "$2"
}

# What must be there before anything can start: tools, the control plane, the pretend kubelet.

prepare_tools() {
  local packages=() tool
  for tool in openssl:openssl python3:python3 setsid:util-linux flock:util-linux awk:mawk faketime:faketime; do
    command -v "${tool%%:*}" >/dev/null || packages+=("${tool##*:}")
  done
  if [ ${#packages[@]} -gt 0 ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      say "installing ${packages[*]}"
      apt-get install -y -qq "${packages[@]}" >/dev/null || { apt-get update -qq && apt-get install -y -qq "${packages[@]}" >/dev/null; }
    else
      fail "missing: ${packages[*]}; install these packages, or run this as root"
    fi
  fi
  command -v cargo >/dev/null || fail "missing: Rust 1.95 or newer, from https://rustup.rs"
  command -v go >/dev/null || fail "missing: Go 1.26 or newer, from https://go.dev/dl"
  command -v kubectl >/dev/null || fail "missing: kubectl 1.31 or newer, from https://kubernetes.io/docs/tasks/tools"
  mkdir -p "$CACHE"
}

# A name for the sources of a program: it changes when any of them does.
fingerprint() { # directory
  (cd "$1" && find . -path ./target -prune -o -type f -print | LC_ALL=C sort | xargs -d '\n' sha256sum | sha256sum | cut -c1-16)
}

# Builds `$CACHE/NAME-FINGERPRINT/NAME` unless it is there. Two runs at once build it once.
build() { # name directory what command…
  local name=$1 from=$2 what=$3 into lock
  shift 3
  into=$CACHE/$name-$(fingerprint "$from")
  exec {lock}>"$CACHE/$name.lock"
  if ! flock -n "$lock"; then
    say "waiting for another run that is $what"
    flock "$lock"
  fi
  if [ ! -x "$into/$name" ]; then
    say "$what"
    mkdir -p "$into"
    cd "$from"
    in_background "$@" "$into/$name.new"
    await_child_patiently "$what" || fail "$what failed"
    cd "$ROOT"
    mv "$into/$name.new" "$into/$name"
    find "$CACHE" -maxdepth 1 -name "$name-*" ! -path "$into" -mtime +14 -exec rm -rf {} +
  fi
  touch "$into"
  exec {lock}>&-
  BUILT=$into/$name
}

build_controlplane() {
  local version=k8s.io/component-base/version
  build controlplane "$HERE/controlplane" 'building the control plane (Go, 4 to 5 minutes the first time)' \
    go build -trimpath -ldflags="-s -w -X $version.gitVersion=v1.36.3 -X $version.gitMajor=1 -X $version.gitMinor=36" -o
  CONTROLPLANE=$BUILT
}

cargo_build_to() { # program
  CARGO_TARGET_DIR=$CACHE/fakelet-target cargo build --quiet --release --locked
  cp "$CACHE/fakelet-target/release/fakelet" "$1"
  rm -rf "$CACHE/fakelet-target"
}

build_fakelet() {
  build fakelet "$HERE/fakelet" 'building the pretend kubelet (Rust, 1 to 2 minutes the first time)' cargo_build_to
  FAKELET=$BUILT
}

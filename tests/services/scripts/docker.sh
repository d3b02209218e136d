# A real Docker engine on a socket of its own, without any network, and a small Compose estate in it: containers that
# are well, ill, crashing, and done. Their image is busybox. The same engine answers over TCP with TLS on the last of
# the suite's ports, and through an SSH server on the one before.

prepare_docker() {
  local packages=() tool
  for tool in dockerd:docker.io docker-compose:docker-compose busybox:busybox-static ssh:openssh-client ssh-keygen:openssh-client; do
    command -v "${tool%%:*}" >/dev/null || packages+=("${tool##*:}")
  done
  [ -x /usr/sbin/sshd ] || packages+=(openssh-server)
  [ ${#packages[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    fail "missing: ${packages[*]}; install these packages, or run this as root"
  fi
  say "installing ${packages[*]}"
  # The package would start an engine for the whole box; ours is started below.
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null ||
    { apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null; }
}

engine() { DOCKER_HOST=unix://$DIR/docker.sock DOCKER_TLS_VERIFY='' DOCKER_CONTEXT='' docker "$@"; }

# Also starts it again after a test has stopped it.
start_engine() {
  rm -f "$DIR/run/docker.pid"
  start dockerd dockerd --iptables=false --bridge=none --storage-driver=vfs -H "unix://$DIR/docker.sock" \
    --data-root "$DIR/docker" --exec-root "$DIR/run/docker" -p "$DIR/run/docker.pid" --log-level=warn \
    --shutdown-timeout=3 -H "tcp://127.0.0.1:$((PORTS + 9))" --tlsverify --tlscacert "$DIR/docker-pki/ca.pem" \
    --tlscert "$DIR/docker-pki/server.pem" --tlskey "$DIR/docker-pki/server-key.pem"
  wait_for 60 'the Docker engine' engine version
}

# An engine ends its containers first, and a part of it that is left behind keeps the next one from starting.
stop_engine() {
  local pid at part tries
  if alive dockerd; then
    read -r pid at <"$DIR/run/dockerd.pid"
    kill -CONT "$pid" 2>/dev/null || true
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 200; tries++)); do
      alive dockerd || break
      sleep 0.1
    done
    if alive dockerd; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$DIR/run/dockerd.pid"
  [ -s "$DIR/run/docker/containerd/containerd.pid" ] || return 0
  read -r part <"$DIR/run/docker/containerd/containerd.pid" || true
  if tr '\0' ' ' <"/proc/$part/cmdline" 2>/dev/null | grep -qF "$DIR/"; then kill -KILL "$part" 2>/dev/null || true; fi
  rm -f "$DIR/run/docker/containerd/containerd.pid"
}

start_docker() {
  [ "$(id -u)" = 0 ] || fail 'a Docker engine can be started by root only: run this as root'
  mkdir -p "$DIR/compose"
  echo "PORTS=$PORTS" >"$DIR/conf/docker"
  make_engine_pki
  start_engine
  start_ssh
  make_image
  start_containers
}

start_containers() {
  estate_of_containers >"$DIR/compose/docker-compose.yml"
  say 'starting the Compose estate'
  compose up -d >"$DIR/logs/compose.log" 2>&1 || fail "the Compose estate does not start: $(tail -n 3 "$DIR/logs/compose.log")"
  engine run -d --name lonely --network none --restart unless-stopped --stop-timeout 1 registry.example/devops-mcp:1.4.2 sleep 100000 >>"$DIR/logs/compose.log"
  wait_for 30 'a container that is ill' ill
}

# An engine keeps mounts in its directory and shims that outlive it: without its own end they would stay.
stop_docker() {
  local id
  if alive dockerd; then
    for id in $(engine ps -aq 2>/dev/null); do engine rm -f "$id" >/dev/null 2>&1 || true; done
  fi
  stop_engine
  for id in $(pgrep -f "containerd-shim-runc-v2 .*$DIR/" 2>/dev/null); do kill -KILL "$id" 2>/dev/null || true; done
  awk -v at="$DIR/" 'index($2, at) == 1 {print $2}' /proc/mounts | sort -r | xargs -r umount -l 2>/dev/null || true
}

# An authority, the engine's certificate, and a client's as the docker CLI wants it in a directory.
make_engine_pki() {
  local at=$DIR/docker-pki name
  mkdir -p "$at/client"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=engines -keyout "$at/ca-key.pem" -out "$at/ca.pem" 2>/dev/null
  for name in server client; do
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$name" -keyout "$at/$name-key.pem" -out "$at/$name.csr" 2>/dev/null
    openssl x509 -req -in "$at/$name.csr" -CA "$at/ca.pem" -CAkey "$at/ca-key.pem" -CAcreateserial -days 2 -out "$at/$name.pem" \
      -extfile <(printf 'subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n') 2>/dev/null
  done
  cp "$at/ca.pem" "$at/client/ca.pem"
  cp "$at/client.pem" "$at/client/cert.pem"
  cp "$at/client-key.pem" "$at/client/key.pem"
}

# `ssh` finds the server's key and ours by a wrapper that stands first in the path.
start_ssh() {
  local at=$DIR/ssh port=$((PORTS + 8))
  mkdir -p -m 700 "$at" "$DIR/bin" /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$at/host"
  ssh-keygen -q -t ed25519 -N '' -f "$at/key"
  cp "$at/key.pub" "$at/authorized_keys"
  echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$at/host.pub")" >"$at/known_hosts"
  printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $at/host" "AuthorizedKeysFile $at/authorized_keys" \
    'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'PermitRootLogin prohibit-password' 'StrictModes no' \
    'UsePAM no' "PidFile $at/sshd.pid" >"$at/sshd_config"
  printf '%s\n' 'Host suite-box' '  HostName 127.0.0.1' "  Port $port" 'Host *' "  IdentityFile $at/key" "  UserKnownHostsFile $at/known_hosts" '  IdentitiesOnly yes' >"$at/config"
  printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(PATH=/usr/bin:/bin command -v ssh)" "$at/config" >"$DIR/bin/ssh"
  chmod +x "$DIR/bin/ssh"
  start sshd /usr/sbin/sshd -D -f "$at/sshd_config"
  wait_for 10 'the SSH server' "$DIR/bin/ssh" -p "$port" -o ConnectTimeout=2 127.0.0.1 true
}

ill() { [ "$(engine inspect -f '{{.State.Health.Status}}' rest-api)" = unhealthy ]; }

compose() {
  (cd "$DIR/compose" && DOCKER_HOST=unix://$DIR/docker.sock COMPOSE_PROJECT_NAME=devops-mcp docker-compose "$@")
}

make_image() {
  local at=$DIR/compose/image name
  mkdir -p "$at/bin"
  cp "$(command -v busybox)" "$at/bin/busybox"
  for name in sh sleep echo cat date test tail head kill trap printf stty; do ln -sf busybox "$at/bin/$name"; done
  tar -C "$at" -c . | engine import -c 'LABEL org.opencontainers.image.version=1.4.2' - registry.example/devops-mcp:1.4.2 >/dev/null
  rm -rf "$at"
}

service() { # name restart command [line…]
  local name=$1 restart=$2 command=$3
  shift 3
  cat <<Y
  $name:
    image: registry.example/devops-mcp:1.4.2
    container_name: $name
    network_mode: none
    restart: "$restart"
    init: false
    stop_grace_period: 1s
    command: ["sh", "-c", "$command"]
Y
  [ $# = 0 ] || printf '    %s\n' "$@"
}

estate_of_containers() {
  local talk='n=0; while true; do n=$$((n+1)); echo level=info n=$$n; echo level=error err=$$n >&2; sleep 1; done'
  local well='healthcheck: {test: ["CMD", "test", "-d", "/bin"], interval: 2s, timeout: 20s, retries: 5}'
  local ill='healthcheck: {test: ["CMD", "sh", "-c", "echo upstream is away; exit 1"], interval: 1s, timeout: 1s, retries: 1}'
  local small='mem_limit: 64m'
  printf 'version: "2.4"\nservices:\n'
  service mcp-server always "$talk" "$well" "$small" 'environment: {LOG_LEVEL: info, DB_PASSWORD: hunter2, DATABASE_URL: "postgres://app:hunter2@db/app"}' \
    'volumes: ["/usr/share/doc:/papers:ro"]'
  service rest-api always 'sleep 100000' "$ill" "$small"
  service worker always 'echo level=error msg=fatal; exit 7'
  service migrate no 'echo migrated'
  service for-start no 'echo seeded'
  service import no 'exit 3'
  service greedy no 'sleep 1; tail /dev/zero; sleep 2; exit 137' 'mem_limit: 16m' 'memswap_limit: 16m'
  service prompt unless-stopped 'while true; do echo hello 1$$n; sleep 1; done' 'tty: true'
  service for-restart always 'sleep 100000' "$well"
  service for-stop unless-stopped 'sleep 100000'
  service for-shell unless-stopped 'sleep 100000'
}

# The control plane and the pretend kubelet, on ports of their own.

admin() { kubectl --kubeconfig "$DIR/kubeconfig" "$@"; }

# Ten ports in a row below those the kernel lends to outgoing connections. The lock is held by this
# script and by every backend it starts, so two suites never pick the same row.
take_ports() {
  take_row
  PORTS=$ROW
  ETCD_PORT=$PORTS ETCD_PEER=$((PORTS + 1)) API_PORT=$((PORTS + 2)) MANAGER_PORT=$((PORTS + 3))
  SCHEDULER_PORT=$((PORTS + 4)) KUBELET_PORT=$((PORTS + 5))
  printf '%s=%s\n' ETCD_PORT "$ETCD_PORT" API_PORT "$API_PORT" CONTROLPLANE "$CONTROLPLANE" PKI "$DIR/pki" >"$DIR/conf/cluster"
}

# Ten ports in a row that no other run of this script has, in ROW.
take_row() {
  local locks tries lowest lock
  locks=${TMPDIR:-/tmp}/firedeck-ports-$(id -u)
  mkdir -p "$locks"
  read -r lowest _ </proc/sys/net/ipv4/ip_local_port_range 2>/dev/null || lowest=32768
  [ "$lowest" -gt 12000 ] || lowest=32768
  for ((tries = 0; tries < 200; tries++)); do
    ROW=$((10000 + RANDOM % ((lowest - 10000) / 10) * 10))
    exec {lock}>"$locks/$ROW"
    if flock -n "$lock" && free_ports "$ROW"; then return 0; fi
    exec {lock}>&-
  done
  fail "found no ten free ports in a row between 10000 and $lowest"
}

free_ports() { # first
  python3 - "$1" <<'P'
import socket, sys
for port in range(int(sys.argv[1]), int(sys.argv[1]) + 10):
    with socket.socket() as s:
        s.bind(("127.0.0.1", port))
P
}

start_apiserver() {
  start kube-apiserver "$CONTROLPLANE" kube-apiserver \
    --etcd-servers="http://127.0.0.1:$ETCD_PORT" --bind-address=127.0.0.1 --secure-port="$API_PORT" \
    --endpoint-reconciler-type=none --service-cluster-ip-range=10.96.0.0/16 \
    --client-ca-file="$PKI/ca.crt" --tls-cert-file="$PKI/apiserver.crt" --tls-private-key-file="$PKI/apiserver.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$PKI/sa.pub" --service-account-signing-key-file="$PKI/sa.key" \
    --kubelet-client-certificate="$PKI/kubelet-client.crt" --kubelet-client-key="$PKI/kubelet-client.key" \
    --kubelet-certificate-authority="$PKI/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --requestheader-client-ca-file="$PKI/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
    --requestheader-extra-headers-prefix=X-Remote-Extra- \
    --proxy-client-cert-file="$PKI/front-proxy-client.crt" --proxy-client-key-file="$PKI/front-proxy-client.key"
  wait_for 60 'the API server' admin get --raw /readyz
}

start_part() { # name port flags…: a client of the API server with a port of its own
  local name=$1 port=$2 conf=$DIR/conf/${1#kube-}.kubeconfig
  shift 2
  start "$name" "$CONTROLPLANE" "$name" --kubeconfig="$conf" --authentication-kubeconfig="$conf" \
    --authorization-kubeconfig="$conf" --bind-address=127.0.0.1 --secure-port="$port" --leader-elect=false \
    --tls-cert-file="$PKI/component.crt" --tls-private-key-file="$PKI/component.key" \
    --kube-api-qps=200 --kube-api-burst=400 "$@"
}

start_cluster() {
  mkdir -m 700 "$DIR/etcd"
  start etcd "$CONTROLPLANE" etcd --name=suite --data-dir="$DIR/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="http://127.0.0.1:$ETCD_PORT" --advertise-client-urls="http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls="http://127.0.0.1:$ETCD_PEER" --initial-advertise-peer-urls="http://127.0.0.1:$ETCD_PEER" \
    --initial-cluster="suite=http://127.0.0.1:$ETCD_PEER"
  wait_for 20 etcd bash -c "exec 3<>/dev/tcp/127.0.0.1/$ETCD_PORT"
  start_apiserver
  start_part kube-controller-manager "$MANAGER_PORT" --use-service-account-credentials=true \
    --service-account-private-key-file="$PKI/sa.key" --root-ca-file="$PKI/ca.crt" \
    --node-monitor-grace-period=40s --node-monitor-period=2s
  start_part kube-scheduler "$SCHEDULER_PORT"
  sed "s|@CA@|$(base64 -w0 "$PKI/ca.crt")|; s|@KUBELET_PORT@|$KUBELET_PORT|" "$HERE/conf/cluster.yml.in" |
    admin apply -f - >"$DIR/logs/apply.log"
  start fakelet "$FAKELET" --server "https://127.0.0.1:$API_PORT" --ca "$PKI/ca.crt" \
    --cert "$PKI/fakelet.crt" --key "$PKI/fakelet.key" --serving-cert "$PKI/kubelet.crt" --serving-key "$PKI/kubelet.key" \
    --client-ca "$PKI/ca.crt" --client-ca "$PKI/front-proxy-ca.crt" --listen "127.0.0.1:$KUBELET_PORT" --nodes 6
  wait_for 60 'six nodes' six_nodes
  wait_for 60 'the metrics API' admin get --raw /apis/metrics.k8s.io/v1beta1/nodes
}

six_nodes() { [ "$(admin get nodes --no-headers | grep -cw Ready)" = 6 ]; }

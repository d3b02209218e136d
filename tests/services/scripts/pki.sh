# Certificates, the key that signs service-account tokens, and a kubeconfig for each user of the suite.

authority() { # file common-name
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -x509 -new -key "$1.key" -sha256 -days 30 -subj "/CN=$2" -out "$1.crt" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign,digitalSignature
}

certificate() { # file authority subject usage [names]
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "$3" -out "$1.csr"
  {
    echo basicConstraints=critical,CA:FALSE
    echo keyUsage=critical,digitalSignature,keyEncipherment
    echo "extendedKeyUsage=$4"
    if [ -n "${5:-}" ]; then echo "subjectAltName=$5"; fi
  } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.crt" -CAkey "$2.key" -CAcreateserial -days 30 -sha256 -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}

kubeconfig() { # file context namespace user-lines
  umask 077
  cat >"$1" <<Y
apiVersion: v1
kind: Config
current-context: $2
clusters:
- name: suite
  cluster:
    server: https://127.0.0.1:$API_PORT
    certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")
users:
- name: $2
  user:
$4
contexts:
- name: $2
  context: {cluster: suite, user: $2, namespace: $3}
Y
  umask 022
}

by_certificate() { # file context namespace certificate
  kubeconfig "$1" "$2" "$3" "    client-certificate-data: $(base64 -w0 "$PKI/$4.crt")
    client-key-data: $(base64 -w0 "$PKI/$4.key")"
}

make_pki() {
  PKI=$DIR/pki
  local here=DNS:localhost,IP:127.0.0.1 cluster
  cluster=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,IP:10.96.0.1
  (
    cd "$PKI"
    exec 2>"$DIR/logs/openssl.log"
    authority ca suite-ca
    authority front-proxy-ca suite-front-proxy-ca
    certificate apiserver ca /CN=kube-apiserver serverAuth "$here,$cluster"
    certificate component ca /CN=component serverAuth "$here"
    certificate kubelet ca /CN=kubelet serverAuth "$here,DNS:metrics-server.kube-system.svc"
    certificate proxy ca /CN=fault-proxy serverAuth "$here"
    certificate kubelet-client ca /O=system:masters/CN=kube-apiserver-kubelet-client clientAuth
    certificate front-proxy-client front-proxy-ca /CN=front-proxy-client clientAuth
    certificate controller-manager ca /CN=system:kube-controller-manager clientAuth
    certificate scheduler ca /CN=system:kube-scheduler clientAuth
    certificate fakelet ca /O=system:nodes/O=suite:fakelets/CN=fakelet clientAuth
    certificate admin ca /O=system:masters/CN=admin clientAuth
    certificate viewer ca /O=suite:viewers/CN=viewer clientAuth
    certificate operator ca /O=suite:operators/CN=operator clientAuth
    certificate partial ca /CN=partial clientAuth
    openssl genrsa -out sa.key 2048
    openssl rsa -in sa.key -pubout -out sa.pub
  )
  by_certificate "$DIR/kubeconfig" suite default admin
  by_certificate "$DIR/kubeconfig-view" suite-view default viewer
  by_certificate "$DIR/kubeconfig-operator" suite-operator default operator
  by_certificate "$DIR/kubeconfig-partial" suite-partial shop partial
  by_certificate "$DIR/conf/controller-manager.kubeconfig" suite default controller-manager
  by_certificate "$DIR/conf/scheduler.kubeconfig" suite default scheduler
  kubeconfig "$DIR/kubeconfig-token" suite-token shop "    exec:
      apiVersion: client.authentication.k8s.io/v1
      interactiveMode: Never
      command: $HERE/scripts/token
      args: [\"$DIR\"]"
}

# Everything a test needs to know; a person can source it too.
write_env() {
  cat >"$DIR/env" <<Y
export FIREDECK_TEST_DIR='$DIR'
export FIREDECK_TEST_SERVER='127.0.0.1:$API_PORT'
export FIREDECK_TEST_KUBECONFIG='$DIR/kubeconfig'
export FIREDECK_TEST_KUBECONFIG_VIEW='$DIR/kubeconfig-view'
export FIREDECK_TEST_KUBECONFIG_OPERATOR='$DIR/kubeconfig-operator'
export FIREDECK_TEST_PARTIAL='$DIR/kubeconfig-partial'
export FIREDECK_TEST_TOKEN_KUBECONFIG='$DIR/kubeconfig-token'
export FIREDECK_TEST_TOKEN_CALLS='$DIR/token-calls'
export FIREDECK_TEST_CA='$PKI/ca.crt'
export FIREDECK_TEST_PROXY_CERT='$PKI/proxy.crt'
export FIREDECK_TEST_PROXY_KEY='$PKI/proxy.key'
export FIREDECK_TEST_CLIENT_CERT='$PKI/admin.crt'
export FIREDECK_TEST_CLIENT_KEY='$PKI/admin.key'
export FIREDECK_TEST_API='$HERE/scripts/api'
export FIREDECK_TEST_ENGINE='$HERE/scripts/engine'
export FIREDECK_TEST_DOCKER_SOCKET='$DIR/docker.sock'
export FIREDECK_TEST_DOCKER_TLS='tcp://127.0.0.1:$((PORTS + 9))?cert_path=$DIR/docker-pki'
export FIREDECK_TEST_DOCKER_SSH='ssh://127.0.0.1:$((PORTS + 8))$DIR'
export PATH='$DIR/bin':"\$PATH"
export KUBECACHEDIR='$DIR/kubecache'
Y
}

# The estate that the tests look at: four namespaces, well and unwell. What each pod does stands in its
# `fakelet/…` annotations (fakelet/src/pod/plan.rs); the image's name and tag are only shown.

workload() { # namespace name replicas image memory annotations [pod-spec line]
  cat <<Y
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $2
  namespace: $1
  labels: {app: $2, app.kubernetes.io/name: $2, app.kubernetes.io/part-of: $1}
spec:
  replicas: $3
  selector: {matchLabels: {app: $2}}
  strategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  progressDeadlineSeconds: 20
  template:
    metadata:
      labels: {app: $2, app.kubernetes.io/name: $2}
      annotations: {$6}
    spec:
      terminationGracePeriodSeconds: 2${7:+
      $7}
      containers:
      - name: $2
        image: registry.example/$1/$4
        resources: {requests: {cpu: 50m, memory: 64Mi}, limits: {memory: $5}}
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 5}
Y
}

estate() {
  workload shop web 3 web:7.2.0 256Mi 'fakelet/log-format: json'
  workload shop cart 2 cart:4.0.2 256Mi 'fakelet/behaviour: crashloop, fakelet/run-for: 3s, fakelet/backoff: 2s, fakelet/backoff-max: 8s, fakelet/exit-code: "2", fakelet/log-rate: "5"'
  workload shop checkout 2 checkout:1.9.0 128Mi 'fakelet/behaviour: oom, fakelet/run-for: 5s, fakelet/backoff: 3s, fakelet/backoff-max: 10s'
  workload shop search 2 search:2.3.1 256Mi 'fakelet/log-format: logfmt'
  workload billing api 2 api:3.1.0 256Mi 'fakelet/log-format: logfmt'
  workload billing worker 2 worker:3.1.0 128Mi 'fakelet/log-rate: "1"' 'nodeSelector: {example.com/gpu: "true"}'
  workload platform gateway 2 gateway:0.14.0 128Mi 'fakelet/behaviour: flap, fakelet/run-for: 8s'
  workload platform dashboard 1 dashboard:2.3.0 256Mi 'fakelet/log-format: hostile, fakelet/log-rate: "8"'
  workload platform chatty 1 chatty:1.0.0 128Mi 'fakelet/log-rate: "200", fakelet/log-format: short'
  workload sandbox greedy 4 greedy:1.0.0 64Mi 'fakelet/log-rate: "1"'
  cat "$HERE/conf/estate.yml"
}

seed_estate() {
  say "seeding the estate"
  estate >"$DIR/conf/estate.yml"
  # The world has its own word for it, and knows certificates from the start.
  [ -z "${FIREDECK_TEST_WORLD:-}" ] || sed -i 's|fakelet/|demo/|g' "$DIR/conf/estate.yml"
  admin apply -f "$HERE/conf/namespaces.yml" >>"$DIR/logs/apply.log"
  # A resource of a new kind can be sent only once the kind is served, and a quota holds only once counted.
  if [ -z "${FIREDECK_TEST_WORLD:-}" ]; then
    admin apply -f "$HERE/conf/certificates.yml" >>"$DIR/logs/apply.log"
    wait_for 30 'the certificate kind' admin wait --for=condition=Established crd/certificates.cert-manager.io --timeout=5s
    wait_for 30 'the quota' admin -n sandbox wait --for=jsonpath='{.status.hard.pods}'=2 resourcequota/two-pods --timeout=5s
  fi
  admin apply -f "$DIR/conf/estate.yml" >>"$DIR/logs/apply.log"
  certificate_status gateway-tls True Ready 'Certificate is up to date and has not expired' '+60 days'
  certificate_status dashboard-tls False Failed 'The certificate request has failed to complete: order is in invalid state' '+3 days'
  admin -n shop get serviceaccount short-lived -o jsonpath='{.metadata.uid}{"\n"}' >"$DIR/token-account"
  # A bad release over a good one: the old replica set serves on, the new one cannot pull its image.
  admin -n shop rollout status deployment/search --timeout=60s >>"$DIR/logs/apply.log"
  admin -n shop set image deployment/search search=registry.example/shop/search:2.4.0-imagepull >>"$DIR/logs/apply.log"
}

certificate_status() { # name ready reason message ends
  local now
  now=$(date -u +%FT%TZ)
  admin -n platform patch certificate "$1" --subresource=status --type=merge -p "{\"status\": {
    \"notAfter\": \"$(date -u -d "$5" +%FT%TZ)\", \"renewalTime\": \"$(date -u -d "$5 -15 days" +%FT%TZ)\",
    \"conditions\": [{\"type\": \"Ready\", \"status\": \"$2\", \"reason\": \"$3\", \"message\": \"$4\", \"lastTransitionTime\": \"$now\"}]}}" \
    >>"$DIR/logs/apply.log"
}

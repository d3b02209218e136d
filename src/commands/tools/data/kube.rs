//! kubectl and oc.
use crate::commands::tools::kube;
use crate::commands::tools::rules::{
    C, D, Otherwise, R, Rider, Rule, Tool,
    mark::{E, HEAVY, I, L, NONE, OPAQUE, SECRET, WRITES},
};

pub(in crate::commands::tools) const TOOLS: &[Tool] = &[Tool::new("kubectl oc k kubecolor")
    .values(VALUES)
    .stops(&[("rsh", 1)])
    .rules(VERBS)
    .riders(RIDERS)
    .pretends(&[(
        "annotate|apply|autoscale|create|delete|drain|cordon|uncordon|expose|label|patch|replace|run|scale|set|taint\
         |rollout|auth|certificate|adm|new-app|new-build|import-image|idle|tag|policy",
        "--dry-run --server-dry-run",
    )])
    .otherwise(Otherwise::ByWords)
    .judge(kube::judge)];

const VALUES: &[(&str, &str)] = &[
    (
        "",
        "-n --namespace --context --cluster --kubeconfig --user --server -s --token --as --as-group --as-uid \
         --cache-dir --certificate-authority --client-certificate --client-key --request-timeout \
         --tls-server-name --username --password --profile-output --log-flush-frequency -v --v --vmodule \
         --loglevel --config \
         -l --selector -o --output --field-selector --sort-by -k --kustomize -c --container --tail --since \
         --since-time --limit-bytes --timeout --for --replicas --current-replicas --resource-version --type \
         --subresource --patch-file --template -L --label-columns --raw --chunk-size --grace-period \
         --field-manager --image --restart --overrides --override-type --labels --limits --requests \
         --from-literal --from-file --from-env-file --cert --key --docker-server --docker-username \
         --docker-password --docker-email --schedule --verb --resource --resource-name --clusterrole --role \
         --serviceaccount --group --min --max --cpu-percent --cpu --memory --name --to-revision --revision \
         --pod-selector --skip-wait-for-delete-timeout --target --copy-to --set-image --profile \
         --max-log-requests --pod-running-timeout --prune-allowlist --applyset --target-port --protocol \
         --external-ip --load-balancer-ip --session-affinity --address --port --env --from --keys --audience \
         --duration --rule --default-backend --class --hard --scopes --value --description --preemption-policy \
         --api-group --types --to --to-image --to-latest-image --dest-dir --image-stream --path --role-name \
         --exclude --delimiter --retries --display-name --node-name --node-selector --host --hostname --service \
         --wildcard-policy --insecure-policy --custom --dest-ca-cert --ca-cert --param -a --registry-config \
         --root-command --as-root-user --to-release-image --filter-by-os --since-until --boot --unit -u --units",
    ),
    (
        "apply|create|delete|get|describe|replace|patch|diff|wait|scale|rollout|set|label|annotate|expose|autoscale\
         |edit|convert|kustomize|auth|certificate|process|new-app|adm|debug|exec|events|secrets|policy|cordon|run\
         |idle|extract|image|tag",
        "-f --filename",
    ),
    ("patch", "-p --patch"),
    ("process", "-p --param"),
    ("set", "-e --env --prefix"),
    ("new-app|new-build", "-e --env -p --param -i"),
    ("rsh", "--shell"),
    ("adm node-logs", "--role"),
];

#[rustfmt::skip]
const VERBS: &[Rule] = &[
    ("get|describe|explain|events|options|version|api-resources|api-versions|diff|kustomize|completion|help|plugin", R, "only reads", NONE),
    ("top", R, "reads what is used", NONE),
    ("logs", R, "reads logs", NONE),
    ("cluster-info", R, "only reads", NONE),
    ("cluster-info dump", R, "reads everything about the cluster", HEAVY),
    ("wait", R, "waits until it is so", L),
    ("auth can-i|whoami", R, "asks what is allowed", NONE),
    ("auth reconcile", C, "changes who may do what", NONE),
    ("rollout status", R, "waits for the rollout", L),
    ("rollout history", R, "lists revisions", NONE),
    ("rollout restart", C, "starts its pods anew, one after the other", NONE),
    ("rollout undo", C, "goes back to an earlier revision", NONE),
    ("rollout pause|resume|latest|retry|cancel", C, "changes how it rolls out", NONE),
    ("apply", C, "changes objects to what the files say", NONE),
    ("apply view-last-applied", R, "only reads", NONE),
    ("apply edit-last-applied", C, "changes what was applied last", I),
    ("apply set-last-applied", C, "changes what was applied last", NONE),
    ("create", C, "makes new objects", NONE),
    ("create secret", C, "stores a secret", SECRET),
    ("create token", C, "makes a token and prints it", SECRET),
    ("run", C, "starts a pod", NONE),
    ("expose", C, "makes a service", NONE),
    ("autoscale", C, "makes an autoscaler: it changes replicas by itself", NONE),
    ("scale", C, "changes how many replicas run", NONE),
    ("patch", C, "changes an object", NONE),
    ("replace", C, "replaces an object", NONE),
    ("edit", C, "changes an object in an editor", I),
    ("label|annotate", C, "changes an object's labels or annotations", NONE),
    ("set", C, "changes an object", NONE),
    ("set env", C, "changes its environment: its pods start anew", NONE),
    ("set image", C, "changes its image: its pods start anew", NONE),
    ("set resources", C, "changes its resources: its pods start anew", NONE),
    ("set selector", C, "changes which pods it finds: may cut off traffic", NONE),
    ("set subject|serviceaccount", C, "changes who may do what", NONE),
    ("set volume|volumes|data|triggers|probe|build-hook|build-secret|deployment-hook|image-lookup|route-backends", C, "changes an object", NONE),
    ("taint", C, "changes which pods the node takes", NONE),
    ("cordon", C, "no new pods come onto the node", NONE),
    ("uncordon", C, "new pods come onto the node again", NONE),
    ("drain", D, "evicts every pod from the node", L),
    ("delete", D, "deletes objects", NONE),
    ("exec", C, "runs a command in a pod", NONE),
    ("attach", C, "is tied to a running process", I | OPAQUE | L),
    ("debug", C, "starts a pod or container for debugging", NONE),
    ("cp", C, "copies files into a pod", NONE),
    ("port-forward", R, "opens a way into the cluster until it is stopped", E),
    ("proxy", C, "opens the API, with your rights, to this host until it is stopped", E),
    ("certificate", C, "decides on a request for a certificate", NONE),
    ("certificate approve", C, "grants a certificate", NONE),
    ("certificate deny", C, "refuses a certificate", NONE),
    ("config", C, "changes the kubeconfig", NONE),
    ("config view|current-context|get-contexts|get-clusters|get-users", R, "reads the kubeconfig", NONE),
    ("config use-context|use", C, "switches the context: every later command goes elsewhere", NONE),
    ("config set-context", C, "changes a context: later commands may go elsewhere", NONE),
    ("config set-credentials", C, "stores credentials in the kubeconfig", SECRET),
    ("config delete-cluster|delete-context|delete-user|unset", D, "deletes from the kubeconfig", NONE),
    // Plugins that runbooks use.
    ("ctx|ns|kc", C, "switches the context or namespace: every later command goes elsewhere", NONE),
    ("tree|neat|who-can|resource-capacity|lineage|view-allocations|df-pv|access-matrix|sniff|score|popeye|outdated|deprecations|stern|tail", R, "only reads", NONE),
    ("view-secret|get-secret", R, "prints a secret", SECRET),
    ("krew", C, "changes the plugins", NONE),
    ("krew list|search|info|version", R, "only reads", NONE),
    ("cert-manager|cert_manager status|check|inspect|version", R, "only reads", NONE),
    ("cert-manager|cert_manager renew|approve|deny|create|convert|upgrade|x", C, "changes certificates", NONE),
    ("cnpg logs|psql", R, "looks at a PostgreSQL cluster", NONE),
    ("cnpg status|report|version", R, "only reads", NONE),
    ("cnpg promote|destroy|fencing|hibernate|restart", D, "promotes, stops or destroys a PostgreSQL instance", NONE),
    ("argo rollouts get|list|status|version|lint", R, "only reads", NONE),
    ("argo rollouts promote|retry|restart|set|pause|undo|create", C, "changes a rollout", NONE),
    ("argo rollouts abort|terminate", D, "stops a rollout", NONE),
    ("rook-ceph health|version", R, "only reads", NONE),
    ("minio tenant list|info|status|report|events", R, "only reads", NONE),
    ("virt", C, "changes a virtual machine", NONE),
    ("virt stop|soft-reboot|restart|pause", D, "stops a virtual machine", NONE),
    // oc
    ("status|projects|process", R, "only reads", NONE),
    ("whoami|request-token", R, "may print a token", NONE),
    ("login", C, "switches the cluster or user: every later command goes elsewhere", SECRET | I),
    ("logout", C, "ends the session", NONE),
    ("project", C, "switches the project: every later command goes elsewhere", NONE),
    ("new-project|new-app|new-build", C, "makes new objects", NONE),
    ("start-build", C, "starts a build", L),
    ("cancel-build", C, "stops a build", NONE),
    ("deploy|rollback", C, "rolls out another version", NONE),
    ("tag|import-image|observe|ex", C, "changes images", NONE),
    ("image info", R, "only reads", NONE),
    ("image mirror|append", C, "changes images", L),
    ("image extract", R, "writes an image's files here", WRITES),
    ("image|registry", C, "changes images", NONE),
    ("registry info", R, "only reads", NONE),
    ("registry login", C, "stores credentials", SECRET),
    ("idle", D, "scales to zero until somebody calls", NONE),
    ("extract", R, "writes a secret's or config map's values to files or the screen", SECRET | WRITES),
    ("rsh", C, "runs a command in a pod", NONE),
    ("rsync", C, "copies files between here and a pod", NONE),
    ("secrets link|add", C, "changes who may use a secret", NONE),
    ("secrets unlink", C, "changes who may use a secret", NONE),
    ("serviceaccounts|sa get-token|create-kubeconfig|new-token", C, "prints a token", SECRET),
    ("policy can-i|scc-review|scc-subject-review|who-can", R, "only reads", NONE),
    ("adm policy who-can|scc-review|scc-subject-review", R, "only reads", NONE),
    ("adm policy", C, "changes who may do what", NONE),
    ("policy", C, "changes who may do what", NONE),
    ("adm", C, "administers the cluster", NONE),
    ("adm top|node-logs|verify-image-signature|completion", R, "only reads", NONE),
    ("adm must-gather|inspect", R, "gathers data about the cluster into files", L | WRITES | HEAVY),
    ("adm wait-for-stable-cluster|wait-for-node-reboot", R, "waits until it is so", L),
    ("adm cordon", C, "no new pods come onto the node", NONE),
    ("adm uncordon", C, "new pods come onto the node again", NONE),
    ("adm drain|evacuate", D, "evicts every pod from the node", L),
    ("adm taint", C, "changes which pods the node takes", NONE),
    ("adm manage-node", C, "changes which pods the node takes", NONE),
    ("adm upgrade", R, "says which versions there are", NONE),
    ("adm upgrade channel", C, "changes where versions come from", NONE),
    ("adm upgrade rollback", D, "takes the cluster back a version", L),
    ("adm upgrade status|recommend", R, "only reads", NONE),
    ("adm release info|extract", R, "only reads", NONE),
    ("adm release mirror|new", C, "copies images", L),
    ("adm certificate approve", C, "grants a certificate", NONE),
    ("adm certificate deny", C, "refuses a certificate", NONE),
    ("adm prune", C, "says what it would prune", NONE),
    ("adm groups prune", D, "deletes groups", NONE),
    ("adm reboot-machine-config-pool", D, "restarts nodes", L),
    ("adm restart-kubelet", D, "restarts the kubelet of nodes", L),
    ("adm ocp-certificates", C, "changes the cluster's certificates", NONE),
    ("adm ocp-certificates monitor-certificates", R, "watches certificates", E),
    ("adm ocp-certificates regenerate-top-level|regenerate-leaf|regenerate-machine-config-server-serving-cert|remove-old-trust", D, "replaces or removes the cluster's certificates", NONE),
    ("adm new-project|create-bootstrap-project-template|create-login-template|create-provider-selection-template|create-error-template|migrate|config|copy-to-node|node-image|pod-network|network|groups|catalog", C, "changes the cluster", NONE),
    ("adm pod-network|network isolate-projects", D, "cuts projects off from each other", NONE),
    ("adm build-chain, adm config view|current-context|get-contexts", R, "only reads", NONE),
];

#[rustfmt::skip]
const RIDERS: &[Rider] = &[
    ("get|events|describe", "-w --watch --watch-only", R, "", E),
    ("logs|stern|tail", "-f --follow", R, "", E),
    ("adm node-logs", "-f --follow", R, "", E),
    ("rollout status", "--watch=false", R, "", NONE),
    ("apply", "--prune", D, "deletes what the files do not name", NONE),
    ("apply|replace|create", "--force", D, "deletes the object and makes it anew", NONE),
    ("apply", "--force-conflicts", C, "takes fields away from whoever manages them", NONE),
    ("scale", "--replicas=0", D, "scales to zero: nothing is left running", NONE),
    ("autoscale", "--max=0", D, "scales to zero", NONE),
    ("debug", "-t --tty", C, "", I),
    ("exec|run|rsh", "-t --tty -it -ti", R, "", I),
    ("drain|adm drain", "--force", D, "evicts every pod from the node, and deletes those that nobody starts again", NONE),
    ("adm prune", "--confirm", D, "deletes old builds, deployments or images", L),
    ("adm upgrade", "--to --to-latest --to-image --force --allow-explicit-upgrade", D, "upgrades the cluster: it cannot be taken back", L),
    ("adm upgrade", "--clear", C, "stops a requested upgrade", NONE),
    ("adm manage-node", "--evacuate", D, "evicts every pod from the node", NONE),
    ("adm policy remove-user|remove-group|remove-role-from-user|remove-cluster-role-from-user", "", D, "takes rights away", NONE),
    ("rsync", "--delete", D, "deletes files that the source does not have", NONE),
    ("extract", "--to=-", R, "prints a secret's or config map's values", SECRET),
    ("whoami", "-t --show-token", R, "prints a token", SECRET),
    ("config view", "--raw", R, "prints credentials", SECRET),
    ("logs", "--all-namespaces -A", R, "", HEAVY),
];

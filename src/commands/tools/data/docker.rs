//! docker, podman, nerdctl, compose, crictl.
use crate::commands::tools::docker;
use crate::commands::tools::rules::{
    C, D, Otherwise, R, Rider, Rule, Tool,
    mark::{E, HEAVY, I, L, NONE, OPAQUE, SECRET, WRITES},
};

pub(in crate::commands::tools) const TOOLS: &[Tool] = &[
    Tool::new("docker podman nerdctl podman-remote")
        .values(DOCKER_VALUES)
        .stops(&[("compose", 0), ("run|create|exec", 1), ("container run|create|exec", 1), ("unshare", 0)])
        .rules(DOCKER)
        .riders(DOCKER_RIDERS)
        .judge(docker::judge),
    COMPOSE,
    Tool::new("crictl")
        .values(&[
            ("", "-r --runtime-endpoint -i --image-endpoint -t --timeout -c --config --name --label --pod -o --output --state --tail --since --id --image -n --last"),
            ("exec", "--timeout"),
        ])
        .stops(&[("exec", 1)])
        .rules(CRICTL)
        .riders(&[("logs", "-f --follow", R, "", E), ("exec", "-t --tty", R, "", I), ("stats|statsp", "-w --watch", R, "", E)])
        .judge(docker::judge),
    Tool::new("ctr")
        .values(&[("", "-n --namespace -a --address --timeout --connect-timeout")])
        .otherwise(Otherwise::ByWords)
        .rules(&[
            ("version|info|help", R, "only reads", NONE),
            ("containers|container|c ls|list|info", R, "only reads", NONE),
            ("images|image|i ls|list|check|usage", R, "only reads", NONE),
            ("tasks|task|t ls|list|ps|metrics", R, "only reads", NONE),
            ("namespaces|namespace|ns ls|list", R, "only reads", NONE),
            ("events", R, "watches events", E),
            ("tasks|task|t exec", C, "runs a command in a container", OPAQUE),
        ]),
];

const COMPOSE: Tool = Tool::new("docker-compose podman-compose compose")
    .values(&[
        ("^", "-f"),
        ("", "--file -p --project-name --profile --env-file --project-directory --ansi --parallel --progress -H --host -c --context --tlscacert --tlscert --tlskey --log-level"),
        ("", "--tail -n --since --until --timeout -t --format --filter --status --index --scale --pull --exit-code-from --timestamp-format --signal -s --policy"),
        ("run|exec", "-u --user -w --workdir -e --env -v --volume --name --entrypoint -l --label --publish --cap-add --cap-drop"),
    ])
    .stops(&[("run|exec", 1)])
    .rules(COMPOSE_VERBS)
    .riders(COMPOSE_RIDERS)
    .pretends(&[("", "--dry-run")])
    .judge(docker::judge_compose);

const DOCKER_VALUES: &[(&str, &str)] = &[
    (
        "^",
        "-H --host -c --context --config -l --log-level --tlscacert --tlscert --tlskey --url --connection --identity \
           --root --runroot --storage-driver --storage-opt --cgroup-manager --tmpdir -n --namespace -a --address --snapshotter",
    ),
    ("logs|container|service", "--tail -n --since --until"),
    ("stop|restart|kill|container|compose", "-t --time --timeout -s --signal"),
    (
        "ps|images|image|inspect|stats|events|system|volume|network|node|service|stack|container|info|version|search|history|top|context",
        "--format -f --filter --since --until",
    ),
    ("ps|container", "-n --last"),
    ("run|create|container|exec|service", RUN),
    (
        "build|buildx|builder|image",
        "-t --tag -f --file --build-arg --target --platform --cache-from --cache-to --secret --ssh -o --output --label --network --progress --builder --iidfile --add-host",
    ),
    (
        "service|stack|update",
        "--image --replicas --update-delay --update-parallelism --update-order --update-failure-action --update-monitor \
        --env-add --env-rm --mount --mount-add --mount-rm --publish-add --publish-rm --constraint-add --constraint-rm --limit-cpu --limit-memory \
        --reserve-cpu --reserve-memory --secret-add --secret-rm --config-add --config-rm -c --compose-file --orchestrator --rollback-delay \
        --cpus --memory -m --restart --cpu-shares --memory-swap --pids-limit",
    ),
    (
        "save|export|login|cp|commit|import|load|swarm|node",
        "-o --output -u --username -p --password -i --input -a --author -m --message -c --change \
        --advertise-addr --listen-addr --token --availability --role --label-add --label-rm --data-path-addr",
    ),
    (
        "network|volume|secret|config",
        "-d --driver -o --opt --label --subnet --gateway --ip-range --ip --alias",
    ),
];

const RUN: &str = "-a --attach --add-host --annotation --blkio-weight --cap-add --cap-drop --cgroup-parent --cgroupns --cidfile \
    --cpu-period --cpu-quota -c --cpu-shares --cpus --cpuset-cpus --cpuset-mems --detach-keys --device --dns --dns-option --dns-search \
    --domainname --entrypoint -e --env --env-file --expose --gpus --group-add --health-cmd --health-interval --health-retries \
    --health-timeout -h --hostname --ip --ip6 --ipc --isolation -l --label --label-file --link --log-driver --log-opt --mac-address \
    -m --memory --memory-reservation --memory-swap --mount --name --net --network --network-alias --oom-score-adj --pid --pids-limit \
    --platform -p --publish --pull --restart --runtime --security-opt --shm-size --stop-signal --stop-timeout --storage-opt --sysctl \
    --tmpfs --ulimit -u --user --userns --uts -v --volume --volume-driver --volumes-from -w --workdir --index --pod --arch --authfile --secret";

#[rustfmt::skip]
const DOCKER: &[Rule] = &[
    ("ps|images|inspect|info|version|top|port|diff|history|search|help|healthcheck", R, "only reads", NONE),
    ("logs", R, "reads logs", NONE),
    ("stats", R, "reads what is used until it is stopped", E),
    ("events", R, "watches events until it is stopped", E),
    ("wait", R, "waits until it ends", L),
    ("exec", C, "runs a command in a container", NONE),
    ("run", C, "starts a container", NONE),
    ("create", C, "makes a container", NONE),
    ("attach", C, "is tied to a running process", I | OPAQUE | L),
    ("start|unpause", C, "starts a container", NONE),
    ("restart", C, "restarts a container", NONE),
    ("stop|pause", D, "stops a container: what it serves is gone", NONE),
    ("kill", D, "kills a container", NONE),
    ("rm", D, "deletes a container", NONE),
    ("rmi", D, "deletes an image", NONE),
    ("rename|tag|commit|update|import|load", C, "changes containers or images", NONE),
    ("build", C, "builds an image", L),
    ("pull", C, "fetches an image", L),
    ("push", C, "publishes an image", L),
    ("cp", C, "copies files into a container", NONE),
    ("save|export", R, "writes an image or container to a file", WRITES | HEAVY),
    ("login", C, "stores credentials", SECRET),
    ("logout", C, "removes credentials", NONE),
    ("builder|buildx|image|system|container|volume|network prune", D, "deletes what is not in use", NONE),
    ("builder|buildx", C, "builds images", NONE),
    ("buildx ls|inspect|du|version|history|imagetools", R, "only reads", NONE),
    ("buildx imagetools create", C, "publishes an image", NONE),
    ("buildx rm|stop, buildx history rm", D, "deletes a builder", NONE),
    ("checkpoint", C, "changes checkpoints", NONE),
    ("checkpoint ls", R, "only reads", NONE),
    ("checkpoint rm", D, "deletes a checkpoint", NONE),
    ("config|secret|context|network|volume|node|service|stack|plugin|image|container|pod|machine ls|list|inspect|ps|tasks|services|exists|df|info", R, "only reads", NONE),
    ("config|secret|network|volume|node|service|stack|plugin|image|container|pod|machine|context|manifest rm|remove|down", D, "deletes it", NONE),
    ("config|secret create", C, "stores a configuration or secret", SECRET),
    ("container logs|top|diff|port|wait", R, "only reads", NONE),
    ("container stats", R, "reads what is used until it is stopped", E),
    ("container exec", C, "runs a command in a container", NONE),
    ("container run|create|start|unpause|rename|update|commit|cp|attach|restart", C, "changes a container", NONE),
    ("container stop|pause|kill", D, "stops a container: what it serves is gone", NONE),
    ("container export", R, "writes a container to a file", WRITES | HEAVY),
    ("context", C, "changes contexts", NONE),
    ("context show|export", R, "only reads", NONE),
    ("context use", C, "switches the engine: every later command goes elsewhere", NONE),
    ("image history|save", R, "only reads", NONE),
    ("image", C, "changes images", NONE),
    ("manifest", C, "changes manifests", NONE),
    ("manifest inspect", R, "only reads", NONE),
    ("network", C, "changes networks", NONE),
    ("network disconnect", D, "cuts a container off from a network", NONE),
    ("node", C, "changes a node of the swarm", NONE),
    ("node demote", D, "takes a manager away from the swarm", NONE),
    ("plugin", C, "changes plugins", NONE),
    ("plugin disable", D, "stops a plugin", NONE),
    ("service", C, "changes a service", NONE),
    ("service update", C, "changes a service: its tasks start anew", L),
    ("service rollback", C, "goes back to the version before", L),
    ("service logs", R, "reads logs", NONE),
    ("stack", C, "changes a stack", NONE),
    ("stack config", R, "only reads", NONE),
    ("swarm", C, "changes the swarm", NONE),
    ("swarm join-token|unlock-key", R, "prints a secret of the swarm", SECRET),
    ("swarm leave", D, "takes this node out of the swarm", NONE),
    ("system df|info|connection|check", R, "only reads", NONE),
    ("system dial-stdio", C, "opens the engine's connection", OPAQUE),
    ("system events", R, "watches events until it is stopped", E),
    ("system reset|migrate|renumber", D, "deletes or moves every container", NONE),
    ("trust", C, "changes which images are trusted", NONE),
    ("trust inspect", R, "only reads", NONE),
    ("trust revoke", D, "takes trust away", NONE),
    ("volume", C, "changes volumes", NONE),
    ("scout", R, "only reads", NONE),
    ("sbom", R, "only reads", NONE),
    ("auto-update", C, "updates containers to newer images", L),
    ("generate|mount|unmount|init|untag", C, "changes containers or images", NONE),
    ("generate systemd|kube|spec", R, "only prints", NONE),
    ("kube|play", C, "starts what a file describes", NONE),
    ("kube down", D, "stops what a file describes", NONE),
    ("pod", C, "changes a pod", NONE),
    ("pod logs|top|stats", R, "only reads", NONE),
    ("pod stop|kill|pause", D, "stops a pod", NONE),
    ("pod prune", D, "deletes what is not in use", NONE),
    ("machine", C, "changes the virtual machine", NONE),
    ("machine stop|reset", D, "stops the virtual machine", NONE),
    ("unshare", C, "runs a command", NONE),
    ("namespace ls|list|inspect", R, "only reads", NONE),
];

#[rustfmt::skip]
const DOCKER_RIDERS: &[Rider] = &[
    ("logs", "-f --follow", R, "", E),
    ("container|service|pod logs", "-f --follow", R, "", E),
    ("exec|run", "-t --tty", R, "", I),
    ("container exec|run", "-t --tty", R, "", I),
    ("service update|scale", "--replicas=0", D, "scales to zero: nothing is left running", NONE),
    ("login", "-p --password", C, "", SECRET),
    ("kube|play", "--down --replace", D, "stops what runs before", NONE),
];

#[rustfmt::skip]
const COMPOSE_VERBS: &[Rule] = &[
    ("ps|top|images|config|convert|port|version|ls|help|volumes", R, "only reads", NONE),
    ("logs", R, "reads logs", NONE),
    ("events", R, "watches events until it is stopped", E),
    ("stats", R, "reads what is used until it is stopped", E),
    ("wait", R, "waits until it ends", L),
    ("up", C, "starts services, and again those that changed", L),
    ("start|unpause|create", C, "starts services", NONE),
    ("restart", C, "restarts services", NONE),
    ("scale", C, "changes how many containers run", NONE),
    ("pull", C, "fetches images", L),
    ("push", C, "publishes images", L),
    ("build", C, "builds images", L),
    ("watch", C, "rebuilds services when files change", E),
    ("down", D, "stops and deletes the containers: nothing is left running", NONE),
    ("stop|pause", D, "stops services: what they serve is gone", NONE),
    ("kill", D, "kills services", NONE),
    ("rm", D, "deletes containers", NONE),
    ("exec|run", C, "runs a command in a container", NONE),
    ("attach", C, "is tied to a running process", I | OPAQUE | L),
    ("cp", C, "copies files into a container", NONE),
    ("commit|publish|alpha|bridge", C, "changes images", NONE),
    ("export", R, "writes a container to a file", WRITES | HEAVY),
];

#[rustfmt::skip]
const COMPOSE_RIDERS: &[Rider] = &[
    ("logs", "-f --follow", R, "", E),
    ("down", "-v --volumes", D, "stops the services and deletes their volumes: the data is gone", NONE),
    ("rm", "-v", D, "deletes containers and their volumes", NONE),
    ("up", "-V --renew-anon-volumes", D, "starts services with new, empty volumes", NONE),
    ("down", "--rmi", D, "stops the services and deletes their images", NONE),
];

#[rustfmt::skip]
const CRICTL: &[Rule] = &[
    ("ps|pods|images|image|inspect|inspecti|inspectp|info|version|imagefsinfo|logs|metricsp|runtime-config|help|completion", R, "only reads", NONE),
    ("stats|statsp", R, "reads what is used", NONE),
    ("events", R, "watches events", E),
    ("exec", C, "runs a command in a container", NONE),
    ("attach", C, "is tied to a running process", I | OPAQUE | L),
    ("port-forward", R, "opens a way into a pod until it is stopped", E),
    ("create|run|runp|start|update|update-runtime-config|checkpoint|config", C, "changes a container", NONE),
    ("pull", C, "fetches an image", L),
    ("stop|stopp", D, "stops a container or pod", NONE),
    ("rm|rmp|rmi", D, "deletes containers, pods or images", NONE),
];

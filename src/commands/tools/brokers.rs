//! A closer look at message brokers.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, words};

const RABBIT_READS: &str = "list status cluster_status environment report ping check node_health_check help version alarms log_tail memory_breakdown \
    observer runtime_thread_stats schema_info server_version cipher_suites command_line_arguments consume_event_stream discover_peers \
    erlang_cookie_hash erlang_version is_booting is_running listeners maybe_stuck os_env quorum_status resolve_hostname resolver_info \
    tls_versions certificates directories export_definitions wait await_startup await_online_nodes await_online_quorum_plus_one \
    authenticate_user decode encode hash_password peek metadata_store_status directories log_location \
    log_tail_stream online_quorum_plus_one stream_status is";

pub(super) fn rabbit(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.verb();
    meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
    let one = |list: &str, word: &str| list.split_whitespace().any(|item| item == word);
    let first = verb.split('_').next().unwrap_or_default();
    if verb.contains(UNKNOWN) {
        meaning.is(C, "what it does is only known when it runs", mark::OPAQUE);
    } else if matches!(verb, "consume_event_stream" | "log_tail_stream" | "observer") {
        meaning.is(R, "watches until it is stopped", mark::E);
    } else if verb == "eval" || verb == "remote_shell" || verb == "exec" {
        meaning.is(C, "runs code in the server", mark::OPAQUE);
    } else if matches!(
        verb,
        "reset"
            | "force_reset"
            | "stop"
            | "stop_app"
            | "shutdown"
            | "forget_cluster_node"
            | "force_boot"
            | "suspend_listeners"
            | "drain"
            | "hipe_compile"
            | "disable"
            | "reclaim_quorum_memory"
            | "delete_member"
            | "shrink"
            | "set_vm_memory_high_watermark"
            | "change_password"
            | "rename_cluster_node"
            | "join_cluster"
            | "import_definitions"
            | "close_all_connections"
            | "close_connection"
            | "close_all_user_connections"
            | "cancel_sync_queue"
            | "disable_feature_flag"
    ) || matches!(first, "purge" | "delete" | "clear" | "remove" | "close" | "disable" | "force")
    {
        let harmless = matches!(verb, "disable_free_disk_space_monitoring" | "reclaim_quorum_memory");
        meaning.is(
            if harmless { C } else { D },
            "stops, empties or takes a part of the broker away",
            mark::NONE,
        );
        if verb == "change_password" {
            meaning.mark(mark::SECRET);
        }
    } else if verb.is_empty() || one(RABBIT_READS, verb) || one("list check is", first) {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "changes the broker", if verb == "add_user" { mark::SECRET } else { mark::NONE });
    }
}

/// The tool's name says what it is about, an option what it does.
pub(super) fn kafka(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    let has = |names: &str| args.get(names).is_some();
    let tool = seen.tool.trim_end_matches(".sh");
    let deletes = has("--delete --remove --delete-offsets --delete-config --deny-principal");
    match tool {
        "kafka-console-consumer" => {
            let ends = has("--max-messages --timeout-ms");
            meaning.is(
                if has("--group") { C } else { R },
                "reads messages",
                if ends { mark::NONE } else { mark::E },
            );
        }
        "kafka-console-producer" => {
            meaning.is(C, "sends messages", if seen.input == Input::Nothing { mark::I } else { mark::NONE });
        }
        "kafka-delete-records"
        | "kafka-streams-application-reset"
        | "kafka-server-stop"
        | "zookeeper-server-stop" => meaning.is(D, "deletes messages, or stops the broker", mark::NONE),
        "kafka-server-start"
        | "zookeeper-server-start"
        | "connect-distributed"
        | "connect-standalone"
        | "kafka-mirror-maker" => {
            meaning.is(C, "runs until it is stopped", if has("-daemon") { mark::NONE } else { mark::E });
        }
        "kafka-log-dirs"
        | "kafka-dump-log"
        | "kafka-get-offsets"
        | "kafka-broker-api-versions"
        | "kafka-replica-verification" => meaning.is(R, "only reads", mark::NONE),
        "kafka-metadata-quorum"
        | "kafka-cluster"
        | "kafka-features"
        | "kafka-transactions"
        | "kafka-storage" => match seen.verb() {
            "describe" | "status" | "cluster-id" | "info" | "list" | "find-hanging"
            | "describe-producers" | "random-uuid" | "version-mapping" => {
                meaning.is(R, "only reads", mark::NONE);
            }
            _ if has("describe --describe") => meaning.is(R, "only reads", mark::NONE),
            "unregister" | "abort" | "format" | "remove-controller" | "downgrade" | "disable"
            | "force-terminate" => meaning.is(D, "takes a part of the cluster away", mark::NONE),
            _ => meaning.is(C, "changes the cluster", mark::NONE),
        },
        "kafka-producer-perf-test"
        | "kafka-consumer-perf-test"
        | "kafka-verifiable-producer"
        | "kafka-e2e-latency" => meaning.is(C, "puts load on the cluster", mark::HEAVY | mark::L),
        _ if deletes => meaning.is(D, "deletes topics, groups, offsets, settings or rights", mark::NONE),
        "kafka-consumer-groups" | "kafka-share-groups" if has("--reset-offsets") && has("--execute") => {
            meaning.is(D, "moves offsets: messages are skipped or read again", mark::NONE);
        }
        "kafka-reassign-partitions" if has("--execute") => {
            meaning.is(D, "moves partitions between brokers", mark::L);
        }
        "kafka-reassign-partitions" if has("--cancel") => {
            meaning.is(C, "stops moving partitions", mark::NONE);
        }
        _ if (has(
            "--list --describe --generate --verify --reset-offsets --version --help --state --members",
        ) || args.options.iter().any(|option| matches!(option.name, "-list" | "-describe")))
            && !has("--alter --create --add --add-config") =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        _ => meaning.is(C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn kcat(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    if args.has("-P") {
        meaning.is(C, "sends messages", if seen.input == Input::Nothing { mark::I } else { mark::NONE });
    } else if args.has("-L -Q -V") {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        let ends = args.has("-e") || args.get("-c").is_some();
        meaning.is(
            if args.get("-G").is_some() { C } else { R },
            "reads messages",
            if ends { mark::NONE } else { mark::E },
        );
    }
}

/// `-C` and `-W` end the listening.
pub(super) fn mqtt(seen: &Seen<'_>, meaning: &mut Meaning) {
    let ends = seen.args.get("-C -W -E").is_some();
    let secret = if seen.args.get("-P --pw").is_some() { mark::SECRET } else { mark::NONE };
    if seen.tool == "mosquitto_rr" {
        return meaning.is(C, "sends a message and waits for its answer", secret);
    }
    meaning.is(R, "reads messages", secret | if ends { mark::NONE } else { mark::E });
}

pub(super) fn zookeeper(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.tool == "zkServer.sh" {
        return match seen.verb() {
            "status" | "version" | "print-cmd" => meaning.is(R, "only reads", mark::NONE),
            "stop" | "restart" => meaning.is(D, "stops or restarts the server", mark::NONE),
            _ => meaning.is(C, "starts the server", mark::NONE),
        };
    }
    let skip = usize::from(seen.tool.starts_with("zookeeper-shell"));
    let typed = match seen.input {
        Input::Text(text) => text.to_owned(),
        _ => String::new(),
    };
    let given: Vec<_> = seen.args.operands.iter().skip(skip).map(|word| word.text.as_str()).collect();
    let verbs = if given.is_empty() {
        typed.lines().filter_map(|line| line.split_whitespace().next()).collect()
    } else {
        vec![given.first().copied().unwrap_or_default()]
    };
    if verbs.is_empty() {
        let interactive = seen.input == Input::Nothing;
        return meaning.is(
            C,
            "opens a console",
            mark::OPAQUE | if interactive { mark::I } else { mark::NONE },
        );
    }
    meaning.is(R, "only reads", mark::NONE);
    for verb in verbs {
        match verb {
            "ls"
            | "ls2"
            | "get"
            | "stat"
            | "getAcl"
            | "config"
            | "history"
            | "version"
            | "getEphemerals"
            | "getAllChildrenNumber"
            | "listquota"
            | "whoami"
            | "quit"
            | "help" => {}
            "delete" | "deleteall" | "rmr" | "delquota" | "reconfig" | "removewatches" => {
                meaning.raise(D, "deletes nodes, or changes the ensemble");
            }
            _ => meaning.raise(C, "changes nodes"),
        }
    }
}

pub(super) fn broker(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words: Vec<_> = seen.args.operands.iter().take(3).map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(words.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let all = seen.text();
    if words.iter().any(|word| {
        words::destroys(word)
            || matches!(
                *word,
                "clear"
                    | "rmm"
                    | "step-down"
                    | "unload"
                    | "terminate"
                    | "skip"
                    | "clear-backlog"
                    | "reset-cursor"
                    | "restore"
                    | "seal"
            )
    }) {
        meaning.is(D, "deletes or skips messages, or takes a part of the broker away", mark::NONE);
    } else if words.iter().any(|word| matches!(*word, "sub" | "subscribe" | "events" | "top")) {
        meaning.is(R, "listens until it is stopped", mark::E);
    } else if words.iter().any(|word| {
        words::looks(word)
            || matches!(*word, "ls" | "rtt" | "report" | "info" | "peek-messages" | "stats-internal")
    }) && !all.contains("--force")
    {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "changes the broker, or sends messages", mark::NONE);
    }
}

//! A closer look at tools that change many hosts, and at message brokers.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning, Nested, Through, words};
use crate::domain::approval::Tier;

fn is(meaning: &mut Meaning, risk: Tier, why: &'static str, marks: u16) {
    let verb = meaning.subcommand.take();
    *meaning = Meaning::new(risk, why, marks);
    meaning.subcommand = verb;
}

fn all_words(seen: &Seen<'_>) -> String {
    seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
}

/// An ad-hoc command: the module and its arguments say what is done.
pub(super) fn ansible(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let module = args.value("-m --module-name").unwrap_or("command");
    let module = module.rsplit('.').next().unwrap_or(module);
    let given = args.value("-a --args").unwrap_or_default();
    meaning.subcommand = Some(module.to_owned());
    meaning.through = Through::Elsewhere;
    let pairs: Vec<_> = given.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
    let state =
        |wanted: &[&str]| pairs.iter().any(|(name, value)| *name == "state" && wanted.contains(value));
    let (risk, why) = match module {
        _ if args.has("--list-hosts --list-tasks --syntax-check") || args.has("-C --check") => {
            (R, "only says what it would do")
        }
        "ping" | "setup" | "debug" | "stat" | "gather_facts" | "service_facts" | "package_facts"
        | "slurp" | "getent" | "assert" | "wait_for" | "win_ping" | "find" => (R, "only reads"),
        "command" | "shell" | "raw" if !given.is_empty() => {
            meaning.nested.push(Nested::Shell(given.to_owned()));
            (R, "runs a command on other hosts")
        }
        "script" => {
            meaning.mark(mark::OPAQUE);
            (C, "runs a script on other hosts: what it does cannot be seen here")
        }
        "reboot" | "shutdown" => (D, "restarts or stops hosts"),
        "file" | "apt" | "yum" | "dnf" | "package" | "pip" | "user" | "group" | "lvol" | "mount" | "cron"
        | "k8s" | "docker_container" | "apt_repository"
            if state(&["absent", "removed", "unmounted"]) =>
        {
            (D, "removes files, packages or users")
        }
        "service" | "systemd" | "systemd_service" | "docker_compose" | "win_service"
            if state(&["stopped"]) =>
        {
            (D, "stops a service: what it serves is gone")
        }
        "apt" | "yum" | "dnf"
            if pairs.iter().any(|(name, value)| {
                *name == "upgrade" && matches!(*value, "dist" | "full")
                    || *name == "autoremove" && matches!(*value, "yes" | "true")
            }) || given.contains("name=*") =>
        {
            (D, "upgrades everything on the hosts, and removes what is in the way")
        }
        "postgresql_query" | "mysql_query" | "mysql_db" | "postgresql_db"
            if words::says_destroy(given) || state(&["absent", "import", "restore"]) =>
        {
            (D, "takes something in a database away")
        }
        "parted" | "filesystem" | "iptables" | "ufw" | "firewalld" => (D, "changes disks or packet filters"),
        _ => (C, "changes other hosts"),
    };
    meaning.set(risk, why);
    meaning.mark(
        mark::REMOTE | if args.has("-K --ask-become-pass -k --ask-pass") { mark::I } else { mark::NONE },
    );
}

pub(super) fn playbook(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    meaning.subcommand = None;
    if args.has("-C --check --list-hosts --list-tasks --list-tags --syntax-check")
        && seen.tool == "ansible-playbook"
    {
        return is(meaning, R, "only says what it would do", mark::NONE);
    }
    let asks = args.has("-K --ask-become-pass -k --ask-pass --ask-vault-pass --step");
    is(
        meaning,
        C,
        "changes other hosts as a playbook says, which is not seen here",
        mark::OPAQUE | mark::L | mark::REMOTE | if asks { mark::I } else { mark::NONE },
    );
    for word in &args.operands {
        super::by_script_name(word.text.trim_end_matches(".yml").trim_end_matches(".yaml"), meaning);
    }
    if args.all("-t --tags -e --extra-vars").filter_map(|option| option.value).any(words::says_destroy) {
        meaning.raise(D, "by its words, it takes something away");
    }
}

pub(super) fn ansible_others(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.verb();
    match (seen.tool, verb) {
        ("ansible-vault", "view") => is(meaning, R, "prints secrets", mark::SECRET | mark::I),
        ("ansible-vault", "encrypt_string") => is(meaning, R, "encrypts a secret", mark::SECRET | mark::I),
        ("ansible-vault", _) => is(meaning, C, "changes a file of secrets", mark::SECRET | mark::I),
        ("ansible-inventory" | "ansible-doc" | "ansible-config" | "ansible-lint", _) => {
            is(meaning, R, "only reads", mark::NONE)
        }
        ("ansible-galaxy", _)
            if seen
                .args
                .operands
                .iter()
                .any(|word| matches!(word.text.as_str(), "list" | "search" | "info" | "verify")) =>
        {
            is(meaning, R, "only reads", mark::NONE)
        }
        ("ansible-galaxy", _) if seen.args.operands.iter().any(|word| words::destroys(&word.text)) => {
            is(meaning, D, "removes roles", mark::NONE)
        }
        ("ansible-console", _) => {
            is(meaning, C, "opens a console over other hosts", mark::I | mark::OPAQUE | mark::REMOTE)
        }
        _ => is(meaning, C, "installs or tests roles", mark::L),
    }
    if seen.args.get("--vault-password-file --vault-id").is_some() {
        meaning.traits.interactive = false;
    }
}

/// `knife node delete x`, `knife ssh QUERY COMMAND`.
pub(super) fn knife(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(words.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let has = |list: &str| words.iter().take(3).any(|word| list.split_whitespace().any(|one| one == *word));
    if words.first() == Some(&"ssh") {
        is(meaning, R, "runs a command on other hosts", mark::REMOTE);
        meaning.through = Through::Elsewhere;
        match words.get(2) {
            Some(text) if !matches!(*text, "interactive" | "tmux" | "screen") => {
                meaning.nested.push(Nested::Shell((*text).to_owned()))
            }
            _ => is(meaning, C, "opens shells on other hosts", mark::I | mark::OPAQUE | mark::REMOTE),
        }
    } else if has("delete bulk remove purge") {
        is(meaning, D, "deletes it from the server", mark::NONE);
    } else if has("list show status search diff versions download export") {
        is(meaning, R, "only reads", mark::NONE);
    } else if has("edit") {
        is(meaning, C, "changes it in an editor", mark::I);
    } else {
        is(meaning, C, "changes hosts or what they should be", mark::NONE);
    }
    if has("vault bag") {
        meaning.mark(mark::SECRET);
    }
}

pub(super) fn chef(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-W --why-run -v --version") {
        is(meaning, R, "only says what it would do", mark::NONE);
    } else {
        is(meaning, C, "changes this host to what the server says", mark::OPAQUE | mark::L);
    }
}

pub(super) fn puppet(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    let at = |at: usize| words.get(at).copied().unwrap_or_default();
    match (at(0), at(1)) {
        _ if seen.args.has("--noop") => is(meaning, R, "only says what it would do", mark::NONE),
        ("agent", _) if seen.args.has("--disable") => {
            is(meaning, C, "no longer changes this host until it is enabled", mark::NONE)
        }
        ("agent" | "apply" | "device", _) => {
            is(meaning, C, "changes this host to what the server or a file says", mark::OPAQUE | mark::L)
        }
        ("cert" | "ca" | "node" | "ssl", verb)
            if words::destroys(verb) || matches!(verb, "clean" | "deactivate" | "revoke") =>
        {
            is(meaning, D, "takes a host or its certificate away", mark::NONE)
        }
        (
            "facts" | "config" | "module" | "catalog" | "parser" | "describe" | "help" | "lookup" | "doc"
            | "epp" | "report" | "status",
            verb,
        ) if !matches!(verb, "set" | "install" | "upgrade" | "uninstall" | "delete" | "upload" | "apply") => {
            is(meaning, R, "only reads", mark::NONE);
        }
        (_, "uninstall" | "delete") => is(meaning, D, "removes a module", mark::NONE),
        ("cert" | "ca", "list" | "print" | "fingerprint" | "verify") => {
            is(meaning, R, "only reads", mark::NONE)
        }
        ("resource", _) if !words.iter().any(|word| word.contains('=')) => {
            is(meaning, R, "only reads", mark::NONE)
        }
        ("resource", _)
            if words
                .iter()
                .any(|word| matches!(*word, "ensure=absent" | "ensure=stopped" | "ensure=purged")) =>
        {
            is(meaning, D, "removes or stops it", mark::NONE)
        }
        _ => is(meaning, C, "changes this host or the server", mark::NONE),
    }
}

/// `salt TARGET FUNCTION …`; salt-call has no target.
pub(super) fn salt(seen: &Seen<'_>, meaning: &mut Meaning) {
    let skip = usize::from(seen.tool != "salt-call");
    let function = seen.args.operand(skip);
    let first = seen.args.operand(skip + 1);
    meaning.subcommand = (!function.is_empty()).then(|| function.to_owned());
    let (module, verb) = function.split_once('.').unwrap_or((function, ""));
    let test = seen.args.operands.iter().any(|word| word.text.eq_ignore_ascii_case("test=true"));
    match (module, verb) {
        _ if test => is(meaning, R, "only says what it would do", mark::NONE),
        ("cmd", _) if !first.is_empty() && verb != "script" => {
            is(meaning, R, "runs a command on other hosts", mark::NONE);
            meaning.nested.push(Nested::Shell(first.to_owned()));
            meaning.through = Through::Elsewhere;
        }
        ("test" | "grains" | "status" | "disk" | "pillar" | "sys" | "network" | "ps", verb)
            if !matches!(
                verb,
                "setval"
                    | "delval"
                    | "set"
                    | "append"
                    | "remove"
                    | "kill_pid"
                    | "pkill"
                    | "mod_hostname"
                    | "setvals"
                    | "delkey"
            ) =>
        {
            is(meaning, R, "only reads", mark::NONE);
        }
        ("system", "reboot" | "shutdown" | "halt" | "poweroff" | "init") => {
            is(meaning, D, "stops or restarts hosts", mark::NONE)
        }
        (_, "stop" | "kill" | "kill_pid" | "pkill" | "disable") => {
            is(meaning, D, "stops services or processes", mark::NONE)
        }
        (_, verb) if words::destroys(verb) => is(meaning, D, "removes it", mark::NONE),
        (_, verb)
            if words::looks(verb)
                || verb.starts_with("list_")
                || verb.starts_with("get_")
                || verb == "available" =>
        {
            is(meaning, R, "only reads", mark::NONE)
        }
        ("state", _) => is(meaning, C, "changes hosts to what the server says", mark::OPAQUE | mark::L),
        _ => is(meaning, C, "changes other hosts", mark::NONE),
    }
    if skip == 1 {
        meaning.mark(mark::REMOTE);
    }
}

pub(super) fn salt_keys(seen: &Seen<'_>, meaning: &mut Meaning) {
    let has = |names: &str| seen.args.get(names).is_some();
    let verb = seen.verb();
    if seen.tool == "salt-run" {
        let reads = [
            "manage.up",
            "manage.down",
            "manage.status",
            "manage.versions",
            "jobs.list_jobs",
            "jobs.lookup_jid",
            "jobs.active",
            "manage.alived",
        ];
        return if reads.contains(&verb) {
            is(meaning, R, "only reads", mark::NONE);
        } else {
            is(meaning, C, "changes other hosts", mark::OPAQUE);
        };
    }
    if has("-d --delete -D --delete-all -r --reject -R --reject-all") {
        is(meaning, D, "deletes or refuses a host's key", mark::NONE);
    } else if has("-a --accept -A --accept-all --gen-keys") {
        is(meaning, C, "accepts a host's key", mark::NONE);
    } else {
        is(meaning, R, "lists keys", mark::NONE);
    }
}

/// The words behind the options run on many hosts.
pub(super) fn many(seen: &Seen<'_>, meaning: &mut Meaning) {
    let text: Vec<_> = seen
        .args
        .operands
        .iter()
        .map(|word| word.text.as_str())
        .chain(seen.args.rest.iter().map(|word| word.text.as_str()))
        .collect();
    if text.is_empty() {
        is(meaning, C, "opens shells on other hosts", mark::I | mark::OPAQUE | mark::REMOTE);
    } else {
        is(meaning, R, "runs a command on many hosts", mark::REMOTE);
        meaning.nested.push(Nested::Shell(text.join(" ")));
    }
    meaning.through = Through::Elsewhere;
}

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
        is(meaning, C, "what it does is only known when it runs", mark::OPAQUE);
    } else if matches!(verb, "consume_event_stream" | "log_tail_stream" | "observer") {
        is(meaning, R, "watches until it is stopped", mark::E);
    } else if verb == "eval" || verb == "remote_shell" || verb == "exec" {
        is(meaning, C, "runs code in the server", mark::OPAQUE);
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
        is(
            meaning,
            if harmless { C } else { D },
            "stops, empties or takes a part of the broker away",
            mark::NONE,
        );
        if verb == "change_password" {
            meaning.mark(mark::SECRET);
        }
    } else if verb.is_empty() || one(RABBIT_READS, verb) || one("list check is", first) {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        is(meaning, C, "changes the broker", if verb == "add_user" { mark::SECRET } else { mark::NONE });
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
            is(
                meaning,
                if has("--group") { C } else { R },
                "reads messages",
                if ends { mark::NONE } else { mark::E },
            );
        }
        "kafka-console-producer" => {
            is(meaning, C, "sends messages", if seen.input == Input::Nothing { mark::I } else { mark::NONE })
        }
        "kafka-delete-records"
        | "kafka-streams-application-reset"
        | "kafka-server-stop"
        | "zookeeper-server-stop" => is(meaning, D, "deletes messages, or stops the broker", mark::NONE),
        "kafka-server-start"
        | "zookeeper-server-start"
        | "connect-distributed"
        | "connect-standalone"
        | "kafka-mirror-maker" => {
            is(meaning, C, "runs until it is stopped", if has("-daemon") { mark::NONE } else { mark::E })
        }
        "kafka-log-dirs"
        | "kafka-dump-log"
        | "kafka-get-offsets"
        | "kafka-broker-api-versions"
        | "kafka-replica-verification" => is(meaning, R, "only reads", mark::NONE),
        "kafka-metadata-quorum"
        | "kafka-cluster"
        | "kafka-features"
        | "kafka-transactions"
        | "kafka-storage" => match seen.verb() {
            "describe" | "status" | "cluster-id" | "info" | "list" | "find-hanging"
            | "describe-producers" | "random-uuid" | "version-mapping" => {
                is(meaning, R, "only reads", mark::NONE)
            }
            _ if has("describe --describe") => is(meaning, R, "only reads", mark::NONE),
            "unregister" | "abort" | "format" | "remove-controller" | "downgrade" | "disable"
            | "force-terminate" => is(meaning, D, "takes a part of the cluster away", mark::NONE),
            _ => is(meaning, C, "changes the cluster", mark::NONE),
        },
        "kafka-producer-perf-test"
        | "kafka-consumer-perf-test"
        | "kafka-verifiable-producer"
        | "kafka-e2e-latency" => is(meaning, C, "puts load on the cluster", mark::HEAVY | mark::L),
        _ if deletes => is(meaning, D, "deletes topics, groups, offsets, settings or rights", mark::NONE),
        "kafka-consumer-groups" | "kafka-share-groups" if has("--reset-offsets") && has("--execute") => {
            is(meaning, D, "moves offsets: messages are skipped or read again", mark::NONE)
        }
        "kafka-reassign-partitions" if has("--execute") => {
            is(meaning, D, "moves partitions between brokers", mark::L)
        }
        "kafka-reassign-partitions" if has("--cancel") => {
            is(meaning, C, "stops moving partitions", mark::NONE)
        }
        _ if has(
            "--list --describe --generate --verify --reset-offsets --version --help --state --members",
        ) && !has("--alter --create --add --add-config") =>
        {
            is(meaning, R, "only reads", mark::NONE)
        }
        _ => is(meaning, C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn kcat(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    if args.has("-P") {
        is(meaning, C, "sends messages", if seen.input == Input::Nothing { mark::I } else { mark::NONE });
    } else if args.has("-L -Q -V") {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        let ends = args.has("-e") || args.get("-c").is_some();
        is(
            meaning,
            if args.get("-G").is_some() { C } else { R },
            "reads messages",
            if ends { mark::NONE } else { mark::E },
        );
    }
}

pub(super) fn zookeeper(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.tool == "zkServer.sh" {
        return match seen.verb() {
            "status" | "version" | "print-cmd" => is(meaning, R, "only reads", mark::NONE),
            "stop" | "restart" => is(meaning, D, "stops or restarts the server", mark::NONE),
            _ => is(meaning, C, "starts the server", mark::NONE),
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
        return is(
            meaning,
            C,
            "opens a console",
            mark::OPAQUE | if interactive { mark::I } else { mark::NONE },
        );
    }
    is(meaning, R, "only reads", mark::NONE);
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
                meaning.raise(D, "deletes nodes, or changes the ensemble")
            }
            _ => meaning.raise(C, "changes nodes"),
        }
    }
}

pub(super) fn broker(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words: Vec<_> = seen.args.operands.iter().take(3).map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(words.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let all = all_words(seen);
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
        is(meaning, D, "deletes or skips messages, or takes a part of the broker away", mark::NONE);
    } else if words.iter().any(|word| matches!(*word, "sub" | "subscribe" | "events" | "top")) {
        is(meaning, R, "listens until it is stopped", mark::E);
    } else if words.iter().any(|word| {
        words::looks(word)
            || matches!(*word, "ls" | "rtt" | "report" | "info" | "peek-messages" | "stats-internal")
    }) && !all.contains("--force")
    {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        is(meaning, C, "changes the broker, or sends messages", mark::NONE);
    }
}

//! A closer look at tools that change many hosts, and at message brokers.
use super::rules::{C, D, R, Seen, mark};
use super::{Meaning, Nested, Through, words};

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
        return meaning.is(R, "only says what it would do", mark::NONE);
    }
    let asks = args.has("-K --ask-become-pass -k --ask-pass --ask-vault-pass --step");
    meaning.is(
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
        ("ansible-vault", "view") => meaning.is(R, "prints secrets", mark::SECRET | mark::I),
        ("ansible-vault", "encrypt_string") => meaning.is(R, "encrypts a secret", mark::SECRET | mark::I),
        ("ansible-vault", _) => meaning.is(C, "changes a file of secrets", mark::SECRET | mark::I),
        ("ansible-inventory" | "ansible-doc" | "ansible-config" | "ansible-lint", _) => {
            meaning.is(R, "only reads", mark::NONE);
        }
        ("ansible-galaxy", _)
            if seen
                .args
                .operands
                .iter()
                .any(|word| matches!(word.text.as_str(), "list" | "search" | "info" | "verify")) =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        ("ansible-galaxy", _) if seen.args.operands.iter().any(|word| words::destroys(&word.text)) => {
            meaning.is(D, "removes roles", mark::NONE);
        }
        ("ansible-console", _) => {
            meaning.is(C, "opens a console over other hosts", mark::I | mark::OPAQUE | mark::REMOTE);
        }
        _ => meaning.is(C, "installs or tests roles", mark::L),
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
        meaning.is(R, "runs a command on other hosts", mark::REMOTE);
        meaning.through = Through::Elsewhere;
        match words.get(2) {
            Some(text) if !matches!(*text, "interactive" | "tmux" | "screen") => {
                meaning.nested.push(Nested::Shell((*text).to_owned()));
            }
            _ => meaning.is(C, "opens shells on other hosts", mark::I | mark::OPAQUE | mark::REMOTE),
        }
    } else if has("delete bulk remove purge") {
        meaning.is(D, "deletes it from the server", mark::NONE);
    } else if has("list show status search diff versions download export") {
        meaning.is(R, "only reads", mark::NONE);
    } else if has("edit") {
        meaning.is(C, "changes it in an editor", mark::I);
    } else {
        meaning.is(C, "changes hosts or what they should be", mark::NONE);
    }
    if has("vault bag") {
        meaning.mark(mark::SECRET);
    }
}

pub(super) fn chef(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    if seen.args.has("-W --why-run -v --version") {
        meaning.is(R, "only says what it would do", mark::NONE);
    } else {
        meaning.is(C, "changes this host to what the server says", mark::OPAQUE | mark::L);
    }
}

pub(super) fn puppet(seen: &Seen<'_>, meaning: &mut Meaning) {
    let words: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    let at = |at: usize| words.get(at).copied().unwrap_or_default();
    match (at(0), at(1)) {
        _ if seen.args.has("--noop") => meaning.is(R, "only says what it would do", mark::NONE),
        ("agent", _) if seen.args.has("--disable") => {
            meaning.is(C, "no longer changes this host until it is enabled", mark::NONE);
        }
        ("agent" | "apply" | "device", _) => {
            meaning.is(C, "changes this host to what the server or a file says", mark::OPAQUE | mark::L);
        }
        ("cert" | "ca" | "node" | "ssl", verb)
            if words::destroys(verb) || matches!(verb, "clean" | "deactivate" | "revoke") =>
        {
            meaning.is(D, "takes a host or its certificate away", mark::NONE);
        }
        (
            "facts" | "config" | "module" | "catalog" | "parser" | "describe" | "help" | "lookup" | "doc"
            | "epp" | "report" | "status",
            verb,
        ) if !matches!(verb, "set" | "install" | "upgrade" | "uninstall" | "delete" | "upload" | "apply") => {
            meaning.is(R, "only reads", mark::NONE);
        }
        (_, "uninstall" | "delete") => meaning.is(D, "removes a module", mark::NONE),
        ("cert" | "ca", "list" | "print" | "fingerprint" | "verify") => {
            meaning.is(R, "only reads", mark::NONE);
        }
        ("resource", _) if !words.iter().any(|word| word.contains('=')) => {
            meaning.is(R, "only reads", mark::NONE);
        }
        ("resource", _)
            if words
                .iter()
                .any(|word| matches!(*word, "ensure=absent" | "ensure=stopped" | "ensure=purged")) =>
        {
            meaning.is(D, "removes or stops it", mark::NONE);
        }
        _ => meaning.is(C, "changes this host or the server", mark::NONE),
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
        _ if test => meaning.is(R, "only says what it would do", mark::NONE),
        ("cmd", _) if !first.is_empty() && verb != "script" => {
            meaning.is(R, "runs a command on other hosts", mark::NONE);
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
            meaning.is(R, "only reads", mark::NONE);
        }
        ("system", "reboot" | "shutdown" | "halt" | "poweroff" | "init") => {
            meaning.is(D, "stops or restarts hosts", mark::NONE);
        }
        (_, "stop" | "kill" | "kill_pid" | "pkill" | "disable") => {
            meaning.is(D, "stops services or processes", mark::NONE);
        }
        (_, verb) if words::destroys(verb) => meaning.is(D, "removes it", mark::NONE),
        (_, verb)
            if words::looks(verb)
                || verb.starts_with("list_")
                || verb.starts_with("get_")
                || verb == "available" =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        ("state", _) => meaning.is(C, "changes hosts to what the server says", mark::OPAQUE | mark::L),
        _ => meaning.is(C, "changes other hosts", mark::NONE),
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
            meaning.is(R, "only reads", mark::NONE);
        } else {
            meaning.is(C, "changes other hosts", mark::OPAQUE);
        };
    }
    if has("-d --delete -D --delete-all -r --reject -R --reject-all") {
        meaning.is(D, "deletes or refuses a host's key", mark::NONE);
    } else if has("-a --accept -A --accept-all --gen-keys") {
        meaning.is(C, "accepts a host's key", mark::NONE);
    } else {
        meaning.is(R, "lists keys", mark::NONE);
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
        meaning.is(C, "opens shells on other hosts", mark::I | mark::OPAQUE | mark::REMOTE);
    } else {
        meaning.is(R, "runs a command on many hosts", mark::REMOTE);
        meaning.nested.push(Nested::Shell(text.join(" ")));
    }
    meaning.through = Through::Elsewhere;
}

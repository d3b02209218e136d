//! A closer look at servers that are asked by name: caches, storage, mail, the web, names.
use super::rules::{C, D, R, Seen, mark};
use super::{Meaning, words};

pub(super) fn redis_tools(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let has = |name: &str| seen.words.iter().any(|word| word.text == name);
    match seen.tool {
        "redis-check-aof" | "valkey-check-aof" if has("--fix") => {
            meaning.is(D, "cuts a damaged file off", mark::I | mark::WRITES);
        }
        "redis-check-aof" | "valkey-check-aof" | "redis-check-rdb" | "memccat" | "memcstat" => {
            meaning.is(R, "only reads", mark::NONE);
        }
        "redis-benchmark" | "valkey-benchmark" => {
            meaning.is(C, "puts load on the server, and writes keys", mark::HEAVY | mark::L);
        }
        "memcflush" | "memcrm" => meaning.is(D, "deletes keys", mark::NONE),
        _ => {
            let background = seen.words.windows(2).any(
                |two| matches!(two, [first, second] if first.text == "--daemonize" && second.text == "yes"),
            ) || seen.args.has("-d");
            meaning.is(C, "starts a server", if background { mark::NONE } else { mark::E });
        }
    }
    if has("--version") || has("-v") {
        meaning.is(R, "says its version", mark::NONE);
    }
}

pub(super) fn elastic(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    match seen.tool {
        _ if text.contains("--dry-run") => meaning.is(R, "only says what it would do", mark::NONE),
        "curator_cli" if text.contains("show") => meaning.is(R, "only reads", mark::NONE),
        "curator" | "curator_cli" | "elasticsearch-node" => {
            meaning.is(D, "deletes, closes or changes indices or a node", mark::NONE);
        }
        "elasticsearch-reset-password" => {
            meaning.is(D, "changes a password: whoever uses the old one is cut off", mark::SECRET | mark::I);
        }
        "elasticsearch-keystore" | "elasticsearch-plugin" | "elasticsearch-users"
            if text.starts_with("list") || text.starts_with("has-passwd") =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        _ if words::says_destroy(&text) => meaning.is(D, "takes something away for good", mark::NONE),
        _ => meaning.is(C, "changes indices or the server", mark::NONE),
    }
}

pub(super) fn ceph(seen: &Seen<'_>, meaning: &mut Meaning) {
    let path: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(path.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let has = |list: &str| path.iter().take(4).any(|word| words::one_of(list, word));
    let watches = seen.args.has("-w --watch");
    if watches || path.is_empty() && seen.args.has("-s --status -v --version") {
        return meaning.is(R, "only reads", if watches { mark::E } else { mark::NONE });
    }
    if path.is_empty() {
        return meaning.is(C, "opens a console", mark::I | mark::OPAQUE);
    }
    if has(
        "rm remove delete destroy purge out down lost reweight zap fail stop rollback evict kill blocklist repair drain rmdel force-create-pg del reset",
    ) || path.first() == Some(&"osd") && has("pause set-full-ratio set-nearfull-ratio")
        || path.windows(2).any(|two| two == ["osd", "crush"])
            && has("move set unlink reweight swap-bucket add link")
    {
        return meaning.is(D, "takes a part of the storage out, or changes where data lies", mark::NONE);
    }
    let reads = "status health df tree dump stat stats ls list get show perf versions version log detail ok-to-stop safe-to-destroy metadata map query help \
        dump_stuck last quorum_status mon_status lspools getmap find utilization blocked-by features report time-sync-status autoscale-status top ps device-health info";
    let sets = has(
        "set enable disable apply add create start restart mv rename unset in up scrub deep-scrub compact mute unmute injectargs tell tag redeploy import mod adopt upgrade assimilate-conf authorize caps archive archive-all",
    );
    if has(reads) && !sets {
        meaning.is(R, "only reads", mark::NONE);
        if has("auth") || has("config-key") {
            meaning.mark(mark::SECRET);
        }
    } else {
        meaning.is(C, "changes the storage cluster", mark::NONE);
    }
}

pub(super) fn storage(seen: &Seen<'_>, meaning: &mut Meaning) {
    let path: Vec<_> = seen.args.operands.iter().take(4).map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(path.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let has = |list: &str| path.iter().take(3).any(|word| words::one_of(list, word));
    if has(
        "rm remove delete purge rb del mv unlink stop reset rollback unmap detach-disk suspend cleanup force trash replace-brick remove-brick undo mirror bucket-rm",
    ) && !has("ls list")
        || seen.args.get("--delete-removed --delete --remove").is_some()
    {
        meaning.is(D, "deletes or takes a part of the storage away", mark::NONE);
    } else if has(
        "ls list info show status stat df du lspools stats peer volume-info diff cat head find tree showmapped watch snap-list bi limits usage check get-quota",
    ) && !has("create add set put cp import set-quota start")
    {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "changes the storage", mark::NONE);
    }
}

pub(super) fn cluster(seen: &Seen<'_>, meaning: &mut Meaning) {
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let has = |list: &str| seen.words.iter().any(|word| words::one_of(list, &word.text));
    match seen.tool {
        "crm_mon" => meaning.is(
            R,
            "shows the cluster",
            if has("-1 --one-shot -r1 -1r -Afr1") || text.contains('1') {
                mark::NONE
            } else {
                mark::I | mark::E
            },
        ),
        "corosync-quorumtool" => meaning.is(R, "only reads", mark::NONE),
        "corosync-cfgtool" if !has("-R -H -r -k -L") => meaning.is(R, "only reads", mark::NONE),
        _ if has(
            "stop standby maintenance fence delete remove destroy kill disable failback ban move migrate secondary down detach disconnect invalidate outdate wipe-md del_ost clear --ban --move --delete --erase --fence --reboot -R discard-my-data primary --force offline evict unmanage",
        ) =>
        {
            meaning.is(D, "stops, fences, moves or overwrites a part of the cluster", mark::NONE);
        }
        _ if has(
            "status show list ls --query -Q --list-registered df getstripe get_param dstate cstate role dump --getentry check help --locate find quota",
        ) =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        _ => meaning.is(C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn mail(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "mailq" => meaning.is(R, "lists waiting mail", mark::NONE),
        "postconf" if !args.has("-e -# -X -M -F -P") => meaning.is(R, "only reads", mark::NONE),
        "postqueue" if args.has("-p -j") => meaning.is(R, "lists waiting mail", mark::NONE),
        "exim" | "exim4"
            if seen.words.iter().any(|word| {
                matches!(word.text.as_str(), "-bp" | "-bpc" | "-bt" | "-bV" | "-Mvl" | "-Mvh" | "-Mvb")
            }) =>
        {
            meaning.is(R, "only reads", mark::NONE);
        }
        "postsuper" | "exim" | "exim4"
            if args.has("-d") || seen.words.iter().any(|word| word.text.starts_with("-Mrm")) =>
        {
            meaning.is(D, "deletes waiting mail", mark::NONE);
        }
        "postfix" => match args.operand(0) {
            "status" | "check" => meaning.is(R, "only reads", mark::NONE),
            "stop" | "abort" => meaning.is(D, "stops the mail server", mark::NONE),
            _ => meaning.is(C, "changes the mail server", mark::NONE),
        },
        _ => meaning.is(
            C,
            "sends mail, or changes the queue",
            if seen.tool == "mutt" { mark::I } else { mark::NONE },
        ),
    }
}

pub(super) fn web_server(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    let signal = args.value("-s -k").unwrap_or(args.operand(0));
    match seen.tool {
        "varnishlog" => meaning.is(
            R,
            "follows requests until it is stopped",
            if args.has("-d") { mark::NONE } else { mark::E },
        ),
        "varnishstat" => meaning.is(
            R,
            "shows counters until it is stopped",
            if args.has("-1 -x -j") { mark::NONE } else { mark::I | mark::E },
        ),
        "varnishadm" => {
            let text = args.operands.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            if [
                "status",
                "vcl.list",
                "vcl.show",
                "backend.list",
                "param.show",
                "ban.list",
                "ping",
                "banner",
                "storage.list",
                "panic.show",
                "help",
            ]
            .iter()
            .any(|verb| text.starts_with(verb))
            {
                meaning.is(R, "only reads", mark::NONE);
            } else if text.starts_with("ban")
                || text.starts_with("stop")
                || text.starts_with("vcl.discard")
                || text.starts_with("backend.set_health")
                || text.starts_with("panic.clear")
            {
                meaning.is(D, "empties the cache or stops the server", mark::NONE);
            } else {
                meaning.is(
                    C,
                    "changes the cache",
                    if text.is_empty() { mark::I | mark::OPAQUE } else { mark::NONE },
                );
            }
        }
        _ if args.has("-t -T -v -V -S -l -M -L -version -check") && args.get("-s -k").is_none()
            || matches!(
                signal,
                "configtest"
                    | "status"
                    | "fullstatus"
                    | "validate"
                    | "version"
                    | "list-modules"
                    | "fmt"
                    | "adapt"
                    | "check"
                    | "parse"
            ) =>
        {
            meaning.is(R, "only checks", mark::NONE);
        }
        "haproxy" if args.has("-c") => meaning.is(R, "only checks", mark::NONE),
        _ if matches!(signal, "stop" | "quit" | "graceful-stop" | "shutdown" | "kill") => {
            meaning.is(D, "stops the web server", mark::NONE);
        }
        "a2dissite" | "a2dismod" => {
            meaning.is(C, "switches a site or module off with the next reload", mark::NONE);
        }
        _ => meaning.is(C, "starts the web server, or lets it read its configuration again", mark::NONE),
    }
}

pub(super) fn names(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.take_verb(meaning);
    match (seen.tool, verb) {
        ("named-checkconf" | "named-checkzone", _) => meaning.is(R, "only checks", mark::NONE),
        ("nsupdate", _) => meaning.is(D, "changes DNS records: moves traffic", mark::OPAQUE),
        (
            _,
            "stop" | "halt" | "delzone" | "flush_zone" | "delete-zone" | "clear-zone" | "delete-rrset"
            | "freeze" | "replace-rrset" | "edit-zone" | "local_zone_remove" | "quit" | "terminate",
        ) => {
            meaning.is(D, "stops the name server, or takes records away", mark::NONE);
        }
        (_, verb) if verb.is_empty() && seen.tool == "dnsmasq" => {
            meaning.is(C, "starts a name server", mark::NONE);
        }
        (
            _,
            "status" | "stats" | "stats_noreset" | "recursing" | "zonestatus" | "list-zone"
            | "list-all-zones" | "check-zone" | "check-all-zones" | "show-zone" | "lookup" | "list_forwards"
            | "list_stubs" | "list_local_zones" | "dump_cache" | "get_option" | "ccounts" | "list" | "uptime"
            | "version" | "rping",
        ) => {
            meaning.is(R, "only reads", mark::NONE);
        }
        _ => meaning.is(C, "changes the name server, or empties its cache", mark::NONE),
    }
}

pub(super) fn monitor(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    match seen.tool {
        "zabbix_get" | "snmpwalk" | "snmpget" => meaning.is(R, "only reads", mark::NONE),
        "telegraf" if seen.args.has("--test -test") => meaning.is(R, "only reads", mark::NONE),
        "icinga2" | "nagios"
            if matches!(seen.args.operand(0), "daemon") && seen.args.has("-C --validate")
                || seen.args.has("-v") =>
        {
            meaning.is(R, "only checks", mark::NONE);
        }
        "logger" | "wall" | "write" | "notify-send" => meaning.is(C, "writes a message", mark::NONE),
        _ => meaning.is(C, "changes or feeds the monitoring", mark::NONE),
    }
}

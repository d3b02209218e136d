//! A closer look at databases beside their consoles, and at servers that are asked by name.
use super::rules::{C, D, R, Seen, mark};
use super::sql::Dialect;
use super::{Meaning, database, words};

pub(super) fn postgres(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "pg_lsclusters" => meaning.is(R, "lists clusters", mark::NONE),
        "pg_test_timing" | "pg_test_fsync" => meaning.is(R, "measures this host", mark::HEAVY),
        "pg_basebackup" => {
            meaning.is(C, "copies a whole server into a directory", mark::L | mark::HEAVY | mark::WRITES);
        }
        "pg_receivewal" | "pg_recvlogical" if args.has("--drop-slot") => {
            meaning.is(D, "drops a replication slot", mark::NONE);
        }
        "pg_receivewal" | "pg_recvlogical" if args.has("--create-slot") => {
            meaning.is(C, "makes a replication slot: it keeps WAL from then on", mark::NONE);
        }
        "pg_receivewal" | "pg_recvlogical" => {
            meaning.is(C, "receives what the server writes until it is stopped", mark::E | mark::WRITES);
        }
        "pg_rewind" | "pg_resetwal" | "pg_archivecleanup" if args.has("-n --dry-run") => {
            meaning.is(R, "only says what it would do", mark::NONE);
        }
        "pg_rewind" => meaning.is(D, "overwrites a server's files with those of another", mark::L),
        "pg_resetwal" => meaning.is(D, "throws the server's WAL away: data may be lost", mark::NONE),
        "pg_archivecleanup" => meaning.is(D, "deletes archived WAL", mark::NONE),
        "pg_upgrade" | "pg_upgradecluster" if args.has("-c --check") && seen.tool == "pg_upgrade" => {
            meaning.is(R, "only checks", mark::NONE);
        }
        "pg_upgrade" | "pg_upgradecluster" => {
            meaning.is(D, "upgrades a server: it cannot always be taken back", mark::L);
        }
        "pg_dropcluster" => meaning.is(D, "deletes a whole server", mark::NONE),
        "pg_checksums"
            if args.has("-c --check")
                || args.operands.is_empty() && !args.has("-e --enable -d --disable") =>
        {
            meaning.is(R, "checks every page", mark::HEAVY | mark::L);
        }
        "pg_repack" if args.has("-N --dry-run") => meaning.is(R, "only says what it would do", mark::NONE),
        "pg_repack" | "pg_squeeze" => {
            meaning.is(C, "rewrites tables beside the running system", mark::L | mark::HEAVY);
        }
        "pgbench" if args.has("-i --initialize") => {
            meaning.is(D, "drops and fills the tables of the benchmark", mark::HEAVY);
        }
        "pgbench" => meaning.is(C, "puts load on a database", mark::HEAVY | mark::L),
        _ => meaning.is(C, "makes or changes a server", mark::NONE),
    }
}

pub(super) fn admin(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "dropdb" | "dropuser" => meaning.is(
            D,
            "drops a database or user",
            if args.has("-i --interactive") { mark::I } else { mark::NONE },
        ),
        "clusterdb" => meaning.is(D, "rewrites tables: everybody waits until it ends", mark::L),
        "reindexdb" if args.has("--concurrently") => {
            meaning.is(C, "rebuilds indexes beside the running system", mark::L);
        }
        "reindexdb" => meaning.is(D, "rebuilds indexes: writers wait until it ends", mark::L),
        "vacuumdb" if args.has("-f --full") => {
            meaning.is(D, "rewrites tables: everybody waits until it ends", mark::L);
        }
        "vacuumdb" => meaning.is(C, "cleans up tables: much reading and writing", mark::L),
        "createuser" => meaning.is(
            C,
            "makes a user",
            if args.has("-P --pwprompt --interactive") { mark::I | mark::SECRET } else { mark::NONE },
        ),
        _ => meaning.is(C, "makes a database", mark::NONE),
    }
    if args.has("-W --password") {
        meaning.mark(mark::I);
    }
}

pub(super) fn patroni(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = seen.take_verb(meaning);
    let asks = if seen.args.has("--force") { mark::NONE } else { mark::I };
    match verb {
        "list" | "history" | "topology" | "show-config" | "dsn" | "version" | "" => {
            let follows = seen.args.has("-W --watch") || seen.args.get("-w").is_some();
            meaning.is(R, "only reads", if follows { mark::E } else { mark::NONE });
        }
        "query" => {
            meaning.is(R, "runs SQL", mark::NONE);
            match seen.args.value("-c --command") {
                Some(text) => database::run(text, Dialect::Postgres, meaning),
                None => meaning.raise(C, "runs a file of SQL that is not seen here"),
            }
            meaning.subcommand = Some(verb.to_owned());
        }
        "switchover" | "failover" | "demote-cluster" | "promote-cluster" => {
            meaning.is(D, "makes another server the primary", asks);
        }
        "restart" => meaning.is(D, "restarts servers: every connection ends", asks),
        "reinit" => meaning.is(D, "deletes a member's data and copies it anew", asks | mark::L),
        "remove" => meaning.is(D, "forgets the cluster", mark::I),
        "edit-config" => meaning.is(C, "changes the settings of every member", asks),
        "pause" => meaning.is(C, "no longer fails over by itself until it is resumed", mark::NONE),
        "reload" => meaning.is(C, "lets members read their settings again", asks),
        _ => meaning.is(C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn pooler(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.tool {
        "pgbouncer" if seen.args.has("-V --version") => meaning.is(R, "says its version", mark::NONE),
        "pgbouncer" if seen.args.has("-R --reboot") => meaning.is(D, "restarts the pooler", mark::NONE),
        "pcp_node_info" => meaning.is(R, "only reads", mark::NONE),
        "pcp_promote_node" | "pcp_detach_node" => {
            meaning.is(D, "makes another server the primary, or takes one away", mark::NONE);
        }
        _ => meaning.is(C, "starts or changes a pooler", mark::NONE),
    }
}

pub(super) fn mysqladmin(seen: &Seen<'_>, meaning: &mut Meaning) {
    let given: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    meaning.subcommand = given.first().map(|verb| (*verb).to_owned());
    let has = |list: &str| given.iter().any(|verb| words::one_of(list, verb));
    if has("shutdown drop kill stop-slave stop-replica") {
        meaning.is(D, "stops the server, drops a database or ends connections", mark::NONE);
    } else if has("password") {
        meaning.is(D, "changes a password: whoever uses the old one is cut off", mark::SECRET);
    } else if given.iter().all(|verb| {
        words::one_of("status ping processlist proc extended-status variables version debug", verb)
    }) {
        meaning.is(
            R,
            "only reads",
            if seen.args.get("-i --sleep").is_some() && seen.args.get("-c --count").is_none() {
                mark::E
            } else {
                mark::NONE
            },
        );
    } else {
        meaning.is(C, "changes the server", mark::NONE);
    }
}

pub(super) fn dump(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let written = seen.args.get("-r --result-file -T --tab -o --outputdir").is_some();
    meaning.is(
        R,
        "reads a database whole",
        mark::HEAVY | mark::L | if written { mark::WRITES } else { mark::NONE },
    );
    if seen.args.has("-F --flush-logs --master-data --source-data --delete-master-logs --delete-source-logs")
    {
        let deletes = seen.args.has("--delete-master-logs --delete-source-logs");
        meaning.raise(if deletes { D } else { C }, "changes the server's logs");
    }
    let carries = seen.words.iter().any(|word| {
        word.text.starts_with("-p") && word.text.len() > 2 || word.text.starts_with("--password=")
    });
    let asks = seen.words.iter().any(|word| word.text == "-p" || word.text == "--password");
    meaning.mark(if carries { mark::SECRET } else { mark::NONE } | if asks { mark::I } else { mark::NONE });
}

pub(super) fn mysql_tools(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "mysqlshow" | "mysqlbinlog" => meaning.is(R, "only reads", mark::NONE),
        "mysqlcheck" | "mariadb-check"
            if args.has("-r --repair --auto-repair -o --optimize --fix-db-names --fix-table-names") =>
        {
            meaning.is(D, "rewrites tables: others wait until it ends", mark::L);
        }
        "mysqlcheck" | "mariadb-check" if args.has("-a --analyze") => {
            meaning.is(C, "gathers statistics", mark::L);
        }
        "mysqlcheck" | "mariadb-check" => meaning.is(R, "reads every table", mark::HEAVY | mark::L),
        "xtrabackup" | "mariabackup" | "innobackupex" if args.has("--copy-back --move-back") => {
            meaning.is(D, "overwrites a database's files with a backup", mark::L);
        }
        "xtrabackup" | "mariabackup" | "innobackupex" => {
            meaning.is(C, "makes or prepares a backup", mark::L | mark::HEAVY);
        }
        "myloader" => meaning.is(D, "writes a whole dump into a database", mark::L),
        "mysqlimport" if args.has("-d --delete -r --replace") => {
            meaning.is(D, "empties tables and fills them", mark::NONE);
        }
        "mysql_secure_installation" => {
            meaning.is(C, "asks, and changes users and databases", mark::I | mark::SECRET);
        }
        "mysqlslap" => meaning.is(C, "puts load on a database", mark::HEAVY | mark::L),
        _ => meaning.is(C, "changes a server", mark::NONE),
    }
}

pub(super) fn percona(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "pt-query-digest" | "pt-summary" | "pt-mysql-summary" | "pt-duplicate-key-checker" => {
            meaning.is(R, "only reads", mark::NONE);
        }
        "pt-kill" if args.has("--kill --kill-query") => {
            meaning.is(D, "ends connections or queries again and again", mark::E);
        }
        "pt-kill" | "pt-stalk" => meaning.is(R, "watches until it is stopped", mark::E),
        "pt-table-sync" | "pt-archiver" | "pt-online-schema-change" | "gh-ost"
            if args.has("--execute -execute") || seen.tool == "pt-archiver" && !args.has("--dry-run") =>
        {
            meaning.is(D, "changes or deletes rows of a table", mark::L);
        }
        "pt-table-sync" | "pt-archiver" | "pt-online-schema-change" | "gh-ost" => {
            meaning.is(R, "only says what it would do", mark::L);
        }
        "orchestrator" | "orchestrator-client" => {
            let command = args.value("-c").unwrap_or_default();
            if [
                "topology",
                "clusters",
                "which-",
                "instance",
                "search",
                "discover",
                "lag",
                "status",
                "raft-leader",
            ]
            .iter()
            .any(|one| command.starts_with(one))
            {
                meaning.is(R, "only reads", mark::NONE);
            } else if [
                "recover", "graceful", "force", "forget", "detach", "set-read", "relocate", "reset", "stop",
                "take",
            ]
            .iter()
            .any(|one| command.starts_with(one))
            {
                meaning.is(D, "changes which server is the primary", mark::NONE);
            } else {
                meaning.is(C, "changes replication", mark::NONE);
            }
        }
        _ => meaning.is(C, "changes a database", mark::L),
    }
}

//! A closer look at databases beside their consoles, and at servers that are asked by name.
use super::rules::{C, D, R, Seen, mark};
use super::sql::Dialect;
use super::{Input, Meaning, database, words};
use crate::domain::approval::Tier;

fn is(meaning: &mut Meaning, risk: Tier, why: &'static str, marks: u16) {
    let verb = meaning.subcommand.take();
    *meaning = Meaning::new(risk, why, marks);
    meaning.subcommand = verb;
}

fn verb<'a>(seen: &Seen<'a>, meaning: &mut Meaning) -> &'a str {
    let verb = seen.args.operand(0);
    meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
    verb
}

fn one_of(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

/// By the words of a verb: those that destroy, those that look, and the rest.
fn by_words(verb: &str, meaning: &mut Meaning) {
    if words::says_destroy(verb) {
        is(meaning, D, "takes something away for good", mark::NONE);
    } else if words::looks(verb) || verb.is_empty() {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        is(meaning, C, "changes something", mark::NONE);
    }
}

pub(super) fn postgres(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "pg_lsclusters" => is(meaning, R, "lists clusters", mark::NONE),
        "pg_test_timing" | "pg_test_fsync" => is(meaning, R, "measures this host", mark::HEAVY),
        "pg_basebackup" => {
            is(meaning, C, "copies a whole server into a directory", mark::L | mark::HEAVY | mark::WRITES)
        }
        "pg_receivewal" | "pg_recvlogical" if args.has("--drop-slot") => {
            is(meaning, D, "drops a replication slot", mark::NONE)
        }
        "pg_receivewal" | "pg_recvlogical" if args.has("--create-slot") => {
            is(meaning, C, "makes a replication slot: it keeps WAL from then on", mark::NONE)
        }
        "pg_receivewal" | "pg_recvlogical" => {
            is(meaning, C, "receives what the server writes until it is stopped", mark::E | mark::WRITES)
        }
        "pg_rewind" | "pg_resetwal" | "pg_archivecleanup" if args.has("-n --dry-run") => {
            is(meaning, R, "only says what it would do", mark::NONE)
        }
        "pg_rewind" => is(meaning, D, "overwrites a server's files with those of another", mark::L),
        "pg_resetwal" => is(meaning, D, "throws the server's WAL away: data may be lost", mark::NONE),
        "pg_archivecleanup" => is(meaning, D, "deletes archived WAL", mark::NONE),
        "pg_upgrade" | "pg_upgradecluster" if args.has("-c --check") && seen.tool == "pg_upgrade" => {
            is(meaning, R, "only checks", mark::NONE)
        }
        "pg_upgrade" | "pg_upgradecluster" => {
            is(meaning, D, "upgrades a server: it cannot always be taken back", mark::L)
        }
        "pg_dropcluster" => is(meaning, D, "deletes a whole server", mark::NONE),
        "pg_checksums"
            if args.has("-c --check")
                || args.operands.is_empty() && !args.has("-e --enable -d --disable") =>
        {
            is(meaning, R, "checks every page", mark::HEAVY | mark::L)
        }
        "pg_repack" if args.has("-N --dry-run") => is(meaning, R, "only says what it would do", mark::NONE),
        "pg_repack" | "pg_squeeze" => {
            is(meaning, C, "rewrites tables beside the running system", mark::L | mark::HEAVY)
        }
        "pgbench" if args.has("-i --initialize") => {
            is(meaning, D, "drops and fills the tables of the benchmark", mark::HEAVY)
        }
        "pgbench" => is(meaning, C, "puts load on a database", mark::HEAVY | mark::L),
        _ => is(meaning, C, "makes or changes a server", mark::NONE),
    }
}

pub(super) fn admin(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "dropdb" | "dropuser" => is(
            meaning,
            D,
            "drops a database or user",
            if args.has("-i --interactive") { mark::I } else { mark::NONE },
        ),
        "clusterdb" => is(meaning, D, "rewrites tables: everybody waits until it ends", mark::L),
        "reindexdb" if args.has("--concurrently") => {
            is(meaning, C, "rebuilds indexes beside the running system", mark::L)
        }
        "reindexdb" => is(meaning, D, "rebuilds indexes: writers wait until it ends", mark::L),
        "vacuumdb" if args.has("-f --full") => {
            is(meaning, D, "rewrites tables: everybody waits until it ends", mark::L)
        }
        "vacuumdb" => is(meaning, C, "cleans up tables: much reading and writing", mark::L),
        "createuser" => is(
            meaning,
            C,
            "makes a user",
            if args.has("-P --pwprompt --interactive") { mark::I | mark::SECRET } else { mark::NONE },
        ),
        _ => is(meaning, C, "makes a database", mark::NONE),
    }
    if args.has("-W --password") {
        meaning.mark(mark::I);
    }
}

pub(super) fn patroni(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = verb(seen, meaning);
    let asks = if seen.args.has("--force") { mark::NONE } else { mark::I };
    match verb {
        "list" | "history" | "topology" | "show-config" | "dsn" | "version" | "" => {
            let follows = seen.args.has("-W --watch") || seen.args.get("-w").is_some();
            is(meaning, R, "only reads", if follows { mark::E } else { mark::NONE });
        }
        "query" => {
            is(meaning, R, "runs SQL", mark::NONE);
            match seen.args.value("-c --command") {
                Some(text) => database::run(text, Dialect::Postgres, meaning),
                None => meaning.raise(C, "runs a file of SQL that is not seen here"),
            }
            meaning.subcommand = Some(verb.to_owned());
        }
        "switchover" | "failover" | "demote-cluster" | "promote-cluster" => {
            is(meaning, D, "makes another server the primary", asks)
        }
        "restart" => is(meaning, D, "restarts servers: every connection ends", asks),
        "reinit" => is(meaning, D, "deletes a member's data and copies it anew", asks | mark::L),
        "remove" => is(meaning, D, "forgets the cluster", mark::I),
        "edit-config" => is(meaning, C, "changes the settings of every member", asks),
        "pause" => is(meaning, C, "no longer fails over by itself until it is resumed", mark::NONE),
        "reload" => is(meaning, C, "lets members read their settings again", asks),
        _ => is(meaning, C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn pooler(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.tool {
        "pgbouncer" if seen.args.has("-V --version") => is(meaning, R, "says its version", mark::NONE),
        "pgbouncer" if seen.args.has("-R --reboot") => is(meaning, D, "restarts the pooler", mark::NONE),
        "pcp_node_info" => is(meaning, R, "only reads", mark::NONE),
        "pcp_promote_node" | "pcp_detach_node" => {
            is(meaning, D, "makes another server the primary, or takes one away", mark::NONE)
        }
        _ => is(meaning, C, "starts or changes a pooler", mark::NONE),
    }
}

pub(super) fn mysqladmin(seen: &Seen<'_>, meaning: &mut Meaning) {
    let given: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    meaning.subcommand = given.first().map(|verb| (*verb).to_owned());
    let has = |list: &str| given.iter().any(|verb| one_of(list, verb));
    if has("shutdown drop kill stop-slave stop-replica") {
        is(meaning, D, "stops the server, drops a database or ends connections", mark::NONE);
    } else if has("password") {
        is(meaning, D, "changes a password: whoever uses the old one is cut off", mark::SECRET);
    } else if given
        .iter()
        .all(|verb| one_of("status ping processlist proc extended-status variables version debug", verb))
    {
        is(
            meaning,
            R,
            "only reads",
            if seen.args.get("-i --sleep").is_some() && seen.args.get("-c --count").is_none() {
                mark::E
            } else {
                mark::NONE
            },
        );
    } else {
        is(meaning, C, "changes the server", mark::NONE);
    }
}

pub(super) fn dump(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let written = seen.args.get("-r --result-file -T --tab -o --outputdir").is_some();
    is(
        meaning,
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
        "mysqlshow" | "mysqlbinlog" => is(meaning, R, "only reads", mark::NONE),
        "mysqlcheck" | "mariadb-check"
            if args.has("-r --repair --auto-repair -o --optimize --fix-db-names --fix-table-names") =>
        {
            is(meaning, D, "rewrites tables: others wait until it ends", mark::L)
        }
        "mysqlcheck" | "mariadb-check" if args.has("-a --analyze") => {
            is(meaning, C, "gathers statistics", mark::L)
        }
        "mysqlcheck" | "mariadb-check" => is(meaning, R, "reads every table", mark::HEAVY | mark::L),
        "xtrabackup" | "mariabackup" | "innobackupex" if args.has("--copy-back --move-back") => {
            is(meaning, D, "overwrites a database's files with a backup", mark::L)
        }
        "xtrabackup" | "mariabackup" | "innobackupex" => {
            is(meaning, C, "makes or prepares a backup", mark::L | mark::HEAVY)
        }
        "myloader" => is(meaning, D, "writes a whole dump into a database", mark::L),
        "mysqlimport" if args.has("-d --delete -r --replace") => {
            is(meaning, D, "empties tables and fills them", mark::NONE)
        }
        "mysql_secure_installation" => {
            is(meaning, C, "asks, and changes users and databases", mark::I | mark::SECRET)
        }
        "mysqlslap" => is(meaning, C, "puts load on a database", mark::HEAVY | mark::L),
        _ => is(meaning, C, "changes a server", mark::NONE),
    }
}

pub(super) fn percona(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "pt-query-digest" | "pt-summary" | "pt-mysql-summary" | "pt-duplicate-key-checker" => {
            is(meaning, R, "only reads", mark::NONE)
        }
        "pt-kill" if args.has("--kill --kill-query") => {
            is(meaning, D, "ends connections or queries again and again", mark::E)
        }
        "pt-kill" | "pt-stalk" => is(meaning, R, "watches until it is stopped", mark::E),
        "pt-table-sync" | "pt-archiver" | "pt-online-schema-change" | "gh-ost"
            if args.has("--execute -execute") || seen.tool == "pt-archiver" && !args.has("--dry-run") =>
        {
            is(meaning, D, "changes or deletes rows of a table", mark::L);
        }
        "pt-table-sync" | "pt-archiver" | "pt-online-schema-change" | "gh-ost" => {
            is(meaning, R, "only says what it would do", mark::L)
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
                is(meaning, R, "only reads", mark::NONE);
            } else if [
                "recover", "graceful", "force", "forget", "detach", "set-read", "relocate", "reset", "stop",
                "take",
            ]
            .iter()
            .any(|one| command.starts_with(one))
            {
                is(meaning, D, "changes which server is the primary", mark::NONE);
            } else {
                is(meaning, C, "changes replication", mark::NONE);
            }
        }
        _ => is(meaning, C, "changes a database", mark::L),
    }
}

/// JavaScript for MongoDB's console, by the names of what it calls.
fn javascript(text: &str, meaning: &mut Meaning) {
    const TAKES: &str = "drop remove delete kill shutdown stepdown reconfig compact resync fsync reset clear evict truncate abort purge flush repair freeze uninstall disable destroy revoke";
    const LOOKS: &str = "find count stats status get list show print help explain aggregate distinct is hello server host ping version current adminCommand printjson conf hostinfo command pretty limit sort toarray tojson foreach estimated";
    let calls: Vec<&str> = text
        .split('(')
        .filter_map(|before| before.rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
        .filter(|name| !name.is_empty())
        .collect();
    let parts = |name: &str| words::parts(name);
    let lower = text.to_ascii_lowercase();
    let names_command = [
        "shutdown",
        "dropdatabase",
        "stepdown",
        "replsetreconfig",
        "killop",
        "dropindexes",
        "renamecollection",
        "collmod",
        "setparameter",
        "replsetfreeze",
        "fsync",
        "killallsessions",
        "compact",
        "deleteindexes",
        "dropuser",
        "removeshard",
        "movechunk",
        "moveprimary",
    ]
    .iter()
    .any(|name| lower.contains(name));
    if names_command
        || calls.iter().any(|call| parts(call).iter().any(|part| one_of(TAKES, part)))
        || lower.contains("[\"delete\"]")
    {
        meaning.raise(D, "by its words, it takes something away or cuts it off");
        return;
    }
    let all_look = calls.iter().all(|call| {
        parts(call)
            .first()
            .is_none_or(|first| one_of(LOOKS, first) || first == "db" || first == "rs" || first == "sh")
    });
    let merges = lower.contains("$out") || lower.contains("$merge") || lower.contains("`");
    let assigns = lower.contains("=>") || lower.contains("function");
    if !all_look || merges {
        meaning.raise(C, "runs code in the database: what it does is not read");
        meaning.mark(mark::OPAQUE);
    } else if assigns {
        meaning.raise(C, "runs code in the database");
    }
}

pub(super) fn mongo(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    is(meaning, R, "only reads", mark::NONE);
    let args = &seen.args;
    let files = args.operands.iter().filter(|word| word.text.ends_with(".js")).count()
        + args.all("-f --file").count();
    if args.get("-p --password").is_some()
        || args.operands.iter().any(|word| words::carries_secret(&word.text))
    {
        meaning.mark(mark::SECRET);
    }
    let mut given = false;
    for text in args.all("--eval").filter_map(|option| option.value) {
        given = true;
        javascript(text, meaning);
    }
    if files > 0 {
        meaning.raise(C, "runs a script that is not seen here");
        meaning.mark(mark::OPAQUE);
    } else if !given {
        match seen.input {
            Input::Text(text) => javascript(text, meaning),
            Input::Unseen => {
                meaning.raise(C, "runs whatever code comes in");
                meaning.mark(mark::OPAQUE);
            }
            Input::Nothing => {
                meaning.raise(C, "opens a console of the database");
                meaning.mark(mark::I | mark::OPAQUE);
            }
        }
    }
}

pub(super) fn mongo_tools(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "mongodump" | "mongoexport" => {
            is(meaning, R, "reads a database whole", mark::HEAVY | mark::L | mark::WRITES)
        }
        "bsondump" => is(meaning, R, "only reads", mark::NONE),
        "mongostat" | "mongotop" => is(
            meaning,
            R,
            "watches until it is stopped",
            if args.get("-n --rowcount").is_some() { mark::NONE } else { mark::E },
        ),
        "mongorestore" if args.has("--dryRun") => is(meaning, R, "only says what it would do", mark::NONE),
        "mongorestore" => is(meaning, D, "writes a whole dump into a database", mark::L),
        "mongoimport" if args.has("--drop") => is(meaning, D, "drops a collection and fills it", mark::NONE),
        "mongofiles" => by_words(seen.args.operand(0), meaning),
        _ => is(meaning, C, "changes a database", mark::NONE),
    }
}

pub(super) fn cassandra(seen: &Seen<'_>, meaning: &mut Meaning) {
    const READS: &str = "status info ring tpstats cfstats tablestats netstats compactionstats compactionhistory describecluster gossipinfo version \
        proxyhistograms cfhistograms tablehistograms toppartitions profileload describering getendpoints gettimeout getcompactionthroughput getstreamthroughput \
        getlogginglevels statusbinary statusgossip statushandoff statusbackup failuredetector clientstats listsnapshots datapaths viewbuildstatus \
        getconcurrentcompactors getcompactionthreshold getsstables rangekeysample gcstats help getseeds getmaxhintwindow statusautocompaction repair_admin \
        getconcurrency getbatchlogreplaythrottle getcolumnindexsize getdefaultrf getinterdcstreamthroughput gettraceprobability sstableinfo getsnapshotthrottle";
    const TAKES: &str = "decommission removenode assassinate drain stopdaemon disablebinary disablegossip disablehandoff disablethrift truncatehints \
        clearsnapshot move bootstrap join rebuild disableautocompaction disableoldprotocolversions import pausehandoff stop";
    let verb = verb(seen, meaning);
    if one_of(TAKES, verb) {
        is(meaning, D, "takes a node or its data out of use", mark::L);
    } else if one_of(READS, verb) || verb.is_empty() {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        let heavy = one_of(
            "repair cleanup compact scrub upgradesstables garbagecollect verify rebuild_index flush",
            verb,
        );
        is(meaning, C, "changes a node", if heavy { mark::L | mark::HEAVY } else { mark::NONE });
    }
}

/// Consoles that speak SQL: what they are given, or what comes in.
pub(super) fn console(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    is(meaning, R, "only reads", mark::NONE);
    let args = &seen.args;
    let texts = match seen.tool {
        "sqlcmd" | "mssql-cli" => "-Q -q --query",
        "clickhouse-client" | "clickhouse" => "-q --query",
        "snowsql" | "impala-shell" => "-q --query",
        _ => "-e --execute --query -q",
    };
    let mut given = false;
    for text in args.all(texts).filter_map(|option| option.value) {
        given = true;
        database::run(text, Dialect::Postgres, meaning);
    }
    if args.get("-f --file --queries-file").is_some()
        || args.get("-i").is_some() && seen.tool == "sqlcmd"
        || args.operands.iter().any(|word| word.text.starts_with('@'))
    {
        given = true;
        meaning.raise(C, "runs a file of SQL that is not seen here");
        meaning.mark(mark::OPAQUE);
    }
    if !given {
        input(seen, meaning);
    }
    if args.get("-p -P --password").is_some() {
        meaning.mark(mark::SECRET);
    }
}

fn input(seen: &Seen<'_>, meaning: &mut Meaning) {
    match seen.input {
        Input::Text(text) => database::run(text, Dialect::Postgres, meaning),
        Input::Unseen => {
            meaning.raise(D, "runs whatever SQL comes in: a dump overwrites");
            meaning.mark(mark::OPAQUE);
        }
        Input::Nothing => {
            meaning.raise(C, "opens a console of the database");
            meaning.mark(mark::I | mark::OPAQUE);
        }
    }
}

/// `sqlite3 FILE "SQL"`; commands with a dot are the console's own.
pub(super) fn file_console(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    is(meaning, R, "only reads", mark::NONE);
    let given: Vec<_> = seen
        .args
        .operands
        .iter()
        .skip(1)
        .map(|word| word.text.as_str())
        .chain(seen.args.all("-cmd -c").filter_map(|option| option.value))
        .collect();
    if given.is_empty() {
        return input(seen, meaning);
    }
    for text in given {
        match text.strip_prefix('.') {
            Some(own) => {
                let name = own.split_whitespace().next().unwrap_or_default();
                match name {
                    "restore" => meaning.raise(D, "overwrites the database with a backup"),
                    "tables" | "schema" | "databases" | "indexes" | "mode" | "headers" | "dump" | "stats"
                    | "dbinfo" | "show" | "width" | "fullschema" | "help" | "lint" => {}
                    "backup" | "save" | "output" | "once" | "clone" => meaning.mark(mark::WRITES),
                    _ => meaning.raise(C, "runs a command of the console"),
                }
            }
            None => database::run(text, Dialect::Postgres, meaning),
        }
    }
}

pub(super) fn cockroach(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let (group, verb) = (args.operand(0), args.operand(1));
    meaning.subcommand = Some(format!("{group} {verb}").trim().to_owned()).filter(|path| !path.is_empty());
    match (group, verb) {
        ("sql", _) => console(seen, meaning),
        ("node", "ls" | "status")
        | ("version" | "help", _)
        | ("debug", "zip" | "tsdump" | "merge-logs" | "gossip-values" | "keys")
        | ("auth-session", "list") => is(meaning, R, "only reads", mark::NONE),
        ("node", "drain" | "decommission") | ("quit", _) => {
            is(meaning, D, "takes a node out of the cluster", mark::L)
        }
        ("cert" | "gen", _) => is(meaning, C, "makes certificates or files", mark::SECRET | mark::WRITES),
        ("debug", _) => is(meaning, D, "changes the stored data of a node", mark::NONE),
        _ => is(meaning, C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn influx(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    if let Some(text) = args.value("-execute") {
        is(meaning, R, "only reads", mark::NONE);
        return database::run(text, Dialect::Postgres, meaning);
    }
    let path: Vec<_> = args.operands.iter().take(2).map(|word| word.text.as_str()).collect();
    meaning.subcommand = Some(path.join(" ")).filter(|path| !path.is_empty());
    if path.iter().any(|word| words::destroys(word) || *word == "restore") {
        is(meaning, D, "deletes or overwrites data", mark::NONE);
    } else if path.iter().any(|word| {
        matches!(
            *word,
            "list"
                | "ls"
                | "query"
                | "ping"
                | "version"
                | "find"
                | "export"
                | "stacks"
                | "inspect"
                | "backup"
        )
    }) {
        is(meaning, R, "only reads", mark::NONE);
    } else if path.is_empty() {
        is(meaning, C, "opens a console of the database", mark::I | mark::OPAQUE);
    } else {
        is(meaning, C, "changes data or settings", mark::NONE);
    }
}

pub(super) fn redis_tools(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let has = |name: &str| seen.words.iter().any(|word| word.text == name);
    match seen.tool {
        "redis-check-aof" | "valkey-check-aof" if has("--fix") => {
            is(meaning, D, "cuts a damaged file off", mark::I | mark::WRITES)
        }
        "redis-check-aof" | "valkey-check-aof" | "redis-check-rdb" | "memccat" | "memcstat" => {
            is(meaning, R, "only reads", mark::NONE)
        }
        "redis-benchmark" | "valkey-benchmark" => {
            is(meaning, C, "puts load on the server, and writes keys", mark::HEAVY | mark::L)
        }
        "memcflush" | "memcrm" => is(meaning, D, "deletes keys", mark::NONE),
        _ => {
            let background = seen.words.windows(2).any(
                |two| matches!(two, [first, second] if first.text == "--daemonize" && second.text == "yes"),
            ) || seen.args.has("-d");
            is(meaning, C, "starts a server", if background { mark::NONE } else { mark::E });
        }
    }
    if has("--version") || has("-v") {
        is(meaning, R, "says its version", mark::NONE);
    }
}

pub(super) fn elastic(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    match seen.tool {
        _ if text.contains("--dry-run") => is(meaning, R, "only says what it would do", mark::NONE),
        "curator_cli" if text.contains("show") => is(meaning, R, "only reads", mark::NONE),
        "curator" | "curator_cli" | "elasticsearch-node" => {
            is(meaning, D, "deletes, closes or changes indices or a node", mark::NONE)
        }
        "elasticsearch-reset-password" => {
            is(meaning, D, "changes a password: whoever uses the old one is cut off", mark::SECRET | mark::I)
        }
        "elasticsearch-keystore" | "elasticsearch-plugin" | "elasticsearch-users"
            if text.starts_with("list") || text.starts_with("has-passwd") =>
        {
            is(meaning, R, "only reads", mark::NONE)
        }
        _ if words::says_destroy(&text) => is(meaning, D, "takes something away for good", mark::NONE),
        _ => is(meaning, C, "changes indices or the server", mark::NONE),
    }
}

pub(super) fn ceph(seen: &Seen<'_>, meaning: &mut Meaning) {
    let path: Vec<_> = seen.args.operands.iter().map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(path.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let has = |list: &str| path.iter().take(4).any(|word| one_of(list, word));
    let watches = seen.args.has("-w --watch");
    if watches || path.is_empty() && seen.args.has("-s --status -v --version") {
        return is(meaning, R, "only reads", if watches { mark::E } else { mark::NONE });
    }
    if path.is_empty() {
        return is(meaning, C, "opens a console", mark::I | mark::OPAQUE);
    }
    if has(
        "rm remove delete destroy purge out down lost reweight zap fail stop rollback evict kill blocklist repair drain rmdel force-create-pg del reset",
    ) || path.first() == Some(&"osd") && has("pause set-full-ratio set-nearfull-ratio")
        || path.windows(2).any(|two| two == ["osd", "crush"])
            && has("move set unlink reweight swap-bucket add link")
    {
        return is(meaning, D, "takes a part of the storage out, or changes where data lies", mark::NONE);
    }
    let reads = "status health df tree dump stat ls list get show perf versions version log detail ok-to-stop safe-to-destroy metadata map query help \
        dump_stuck last quorum_status mon_status lspools getmap find utilization blocked-by features report time-sync-status autoscale-status top ps device-health info";
    let sets = has(
        "set enable disable apply add create start restart mv rename unset in up scrub deep-scrub compact mute unmute injectargs tell tag redeploy import mod adopt upgrade assimilate-conf authorize caps archive archive-all",
    );
    if has(reads) && !sets {
        is(meaning, R, "only reads", mark::NONE);
        if has("auth") || has("config-key") {
            meaning.mark(mark::SECRET);
        }
    } else {
        is(meaning, C, "changes the storage cluster", mark::NONE);
    }
}

pub(super) fn storage(seen: &Seen<'_>, meaning: &mut Meaning) {
    let path: Vec<_> = seen.args.operands.iter().take(4).map(|word| word.text.as_str()).collect();
    meaning.subcommand =
        Some(path.iter().take(2).copied().collect::<Vec<_>>().join(" ")).filter(|path| !path.is_empty());
    let has = |list: &str| path.iter().take(3).any(|word| one_of(list, word));
    if has(
        "rm remove delete purge rb del mv unlink stop reset rollback unmap detach-disk suspend cleanup force trash replace-brick remove-brick undo mirror bucket-rm",
    ) && !has("ls list")
        || seen.args.get("--delete-removed --delete --remove").is_some()
    {
        is(meaning, D, "deletes or takes a part of the storage away", mark::NONE);
    } else if has(
        "ls list info show status stat df du lspools stats peer volume-info diff cat head find tree showmapped watch snap-list bi limits usage check get-quota",
    ) && !has("create add set put cp import set-quota start")
    {
        is(meaning, R, "only reads", mark::NONE);
    } else {
        is(meaning, C, "changes the storage", mark::NONE);
    }
}

pub(super) fn cluster(seen: &Seen<'_>, meaning: &mut Meaning) {
    let text = seen.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let has = |list: &str| seen.words.iter().any(|word| one_of(list, &word.text));
    match seen.tool {
        "crm_mon" => is(
            meaning,
            R,
            "shows the cluster",
            if has("-1 --one-shot -r1 -1r -Afr1") || text.contains('1') {
                mark::NONE
            } else {
                mark::I | mark::E
            },
        ),
        "corosync-quorumtool" => is(meaning, R, "only reads", mark::NONE),
        "corosync-cfgtool" if !has("-R -H -r -k -L") => is(meaning, R, "only reads", mark::NONE),
        _ if has(
            "stop standby maintenance fence delete remove destroy kill disable failback ban move migrate secondary down detach disconnect invalidate outdate wipe-md del_ost clear --ban --move --delete --erase --fence --reboot -R discard-my-data primary --force offline evict unmanage",
        ) =>
        {
            is(meaning, D, "stops, fences, moves or overwrites a part of the cluster", mark::NONE);
        }
        _ if has(
            "status show list ls --query -Q --list-registered df getstripe get_param dstate cstate role dump --getentry check help --locate find quota",
        ) =>
        {
            is(meaning, R, "only reads", mark::NONE)
        }
        _ => is(meaning, C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn mail(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "mailq" => is(meaning, R, "lists waiting mail", mark::NONE),
        "postconf" if !args.has("-e -# -X -M -F -P") => is(meaning, R, "only reads", mark::NONE),
        "postqueue" if args.has("-p -j") => is(meaning, R, "lists waiting mail", mark::NONE),
        "exim" | "exim4"
            if seen.words.iter().any(|word| {
                matches!(word.text.as_str(), "-bp" | "-bpc" | "-bt" | "-bV" | "-Mvl" | "-Mvh" | "-Mvb")
            }) =>
        {
            is(meaning, R, "only reads", mark::NONE)
        }
        "postsuper" | "exim" | "exim4"
            if args.has("-d") || seen.words.iter().any(|word| word.text.starts_with("-Mrm")) =>
        {
            is(meaning, D, "deletes waiting mail", mark::NONE)
        }
        "postfix" => match args.operand(0) {
            "status" | "check" => is(meaning, R, "only reads", mark::NONE),
            "stop" | "abort" => is(meaning, D, "stops the mail server", mark::NONE),
            _ => is(meaning, C, "changes the mail server", mark::NONE),
        },
        _ => is(
            meaning,
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
        "varnishlog" => is(
            meaning,
            R,
            "follows requests until it is stopped",
            if args.has("-d") { mark::NONE } else { mark::E },
        ),
        "varnishstat" => is(
            meaning,
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
                is(meaning, R, "only reads", mark::NONE);
            } else if text.starts_with("ban")
                || text.starts_with("stop")
                || text.starts_with("vcl.discard")
                || text.starts_with("backend.set_health")
                || text.starts_with("panic.clear")
            {
                is(meaning, D, "empties the cache or stops the server", mark::NONE);
            } else {
                is(
                    meaning,
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
            is(meaning, R, "only checks", mark::NONE);
        }
        "haproxy" if args.has("-c") => is(meaning, R, "only checks", mark::NONE),
        _ if matches!(signal, "stop" | "quit" | "graceful-stop" | "shutdown" | "kill") => {
            is(meaning, D, "stops the web server", mark::NONE)
        }
        "a2dissite" | "a2dismod" => {
            is(meaning, C, "switches a site or module off with the next reload", mark::NONE)
        }
        _ => is(meaning, C, "starts the web server, or lets it read its configuration again", mark::NONE),
    }
}

pub(super) fn names(seen: &Seen<'_>, meaning: &mut Meaning) {
    let verb = verb(seen, meaning);
    match (seen.tool, verb) {
        ("named-checkconf" | "named-checkzone", _) => is(meaning, R, "only checks", mark::NONE),
        ("nsupdate", _) => is(meaning, D, "changes DNS records: moves traffic", mark::OPAQUE),
        (
            _,
            "stop" | "halt" | "delzone" | "flush_zone" | "delete-zone" | "clear-zone" | "delete-rrset"
            | "freeze" | "replace-rrset" | "edit-zone" | "local_zone_remove" | "quit" | "terminate",
        ) => {
            is(meaning, D, "stops the name server, or takes records away", mark::NONE);
        }
        (_, verb) if verb.is_empty() && seen.tool == "dnsmasq" => {
            is(meaning, C, "starts a name server", mark::NONE)
        }
        (
            _,
            "status" | "stats" | "stats_noreset" | "recursing" | "zonestatus" | "list-zone"
            | "list-all-zones" | "check-zone" | "check-all-zones" | "show-zone" | "lookup" | "list_forwards"
            | "list_stubs" | "list_local_zones" | "dump_cache" | "get_option" | "ccounts" | "list" | "uptime"
            | "version" | "rping",
        ) => {
            is(meaning, R, "only reads", mark::NONE);
        }
        _ => is(meaning, C, "changes the name server, or empties its cache", mark::NONE),
    }
}

pub(super) fn monitor(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    match seen.tool {
        "zabbix_get" | "snmpwalk" | "snmpget" => is(meaning, R, "only reads", mark::NONE),
        "telegraf" if seen.args.has("--test -test") => is(meaning, R, "only reads", mark::NONE),
        "icinga2" | "nagios"
            if matches!(seen.args.operand(0), "daemon") && seen.args.has("-C --validate")
                || seen.args.has("-v") =>
        {
            is(meaning, R, "only checks", mark::NONE)
        }
        "logger" | "wall" | "write" | "notify-send" => is(meaning, C, "writes a message", mark::NONE),
        _ => is(meaning, C, "changes or feeds the monitoring", mark::NONE),
    }
}

//! A closer look at consoles of databases: what they are given, and what comes in.
use super::rules::{C, D, R, Seen, mark};
use super::sql::Dialect;
use super::{Meaning, database, words};

/// By the words of a verb: those that destroy, those that look, and the rest.
fn by_words(verb: &str, meaning: &mut Meaning) {
    if words::says_destroy(verb) {
        meaning.is(D, "takes something away for good", mark::NONE);
    } else if words::looks(verb) || verb.is_empty() {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        meaning.is(C, "changes something", mark::NONE);
    }
}

/// JavaScript for `MongoDB`'s console, by the names of what it calls.
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
        || calls.iter().any(|call| parts(call).iter().any(|part| words::one_of(TAKES, part)))
        || lower.contains("[\"delete\"]")
    {
        meaning.raise(D, "by its words, it takes something away or cuts it off");
        return;
    }
    let all_look = calls.iter().all(|call| {
        parts(call).first().is_none_or(|first| {
            words::one_of(LOOKS, first) || first == "db" || first == "rs" || first == "sh"
        })
    });
    let merges = lower.contains("$out") || lower.contains("$merge") || lower.contains('`');
    let assigns = lower.contains("=>") || lower.contains("function");
    if !all_look || merges {
        meaning.raise(C, "runs code in the database: what it does is not read");
        meaning.mark(mark::OPAQUE);
    } else if assigns {
        meaning.raise(C, "runs code in the database");
    }
}

/// What a line typed into `MongoDB`'s console does.
pub(in crate::commands) fn judge_mongo(text: &str) -> Meaning {
    let mut meaning = Meaning::new(R, "only reads", mark::NONE);
    javascript(text, &mut meaning);
    meaning
}

pub(super) fn mongo(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.is(R, "only reads", mark::NONE);
    let args = &seen.args;
    let files = args.operands.iter().filter(|word| words::is_script(&word.text, "js")).count()
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
        database::comes_in(seen.input, (C, "runs whatever code comes in"), meaning, javascript);
    }
}

pub(super) fn mongo_tools(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    let args = &seen.args;
    match seen.tool {
        "mongodump" | "mongoexport" => {
            meaning.is(R, "reads a database whole", mark::HEAVY | mark::L | mark::WRITES);
        }
        "bsondump" => meaning.is(R, "only reads", mark::NONE),
        "mongostat" | "mongotop" => meaning.is(
            R,
            "watches until it is stopped",
            if args.get("-n --rowcount").is_some() { mark::NONE } else { mark::E },
        ),
        "mongorestore" if args.has("--dryRun") => meaning.is(R, "only says what it would do", mark::NONE),
        "mongorestore" => meaning.is(D, "writes a whole dump into a database", mark::L),
        "mongoimport" if args.has("--drop") => meaning.is(D, "drops a collection and fills it", mark::NONE),
        "mongofiles" => by_words(seen.args.operand(0), meaning),
        _ => meaning.is(C, "changes a database", mark::NONE),
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
    let verb = seen.take_verb(meaning);
    if words::one_of(TAKES, verb) {
        meaning.is(D, "takes a node or its data out of use", mark::L);
    } else if words::one_of(READS, verb) || verb.is_empty() {
        meaning.is(R, "only reads", mark::NONE);
    } else {
        let heavy = words::one_of(
            "repair cleanup compact scrub upgradesstables garbagecollect verify rebuild_index flush",
            verb,
        );
        meaning.is(C, "changes a node", if heavy { mark::L | mark::HEAVY } else { mark::NONE });
    }
}

/// Consoles that speak SQL: what they are given, or what comes in.
pub(super) fn console(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.is(R, "only reads", mark::NONE);
    let args = &seen.args;
    let texts = match seen.tool {
        "sqlcmd" | "mssql-cli" => "-Q -q --query",
        "clickhouse-client" | "clickhouse" | "snowsql" | "impala-shell" => "-q --query",
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
        database::console(seen.input, Dialect::Postgres, meaning);
    }
    if args.get("-p -P --password").is_some() {
        meaning.mark(mark::SECRET);
    }
}

/// `sqlite3 FILE "SQL"`; commands with a dot are the console's own.
pub(super) fn file_console(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.is(R, "only reads", mark::NONE);
    let given: Vec<_> = seen
        .args
        .operands
        .iter()
        .skip(1)
        .map(|word| word.text.as_str())
        .chain(seen.args.all("-cmd -c").filter_map(|option| option.value))
        .collect();
    if given.is_empty() {
        return database::console(seen.input, Dialect::Postgres, meaning);
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
        | ("auth-session", "list") => meaning.is(R, "only reads", mark::NONE),
        ("node", "drain" | "decommission") | ("quit", _) => {
            meaning.is(D, "takes a node out of the cluster", mark::L);
        }
        ("cert" | "gen", _) => meaning.is(C, "makes certificates or files", mark::SECRET | mark::WRITES),
        ("debug", _) => meaning.is(D, "changes the stored data of a node", mark::NONE),
        _ => meaning.is(C, "changes the cluster", mark::NONE),
    }
}

pub(super) fn influx(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    if let Some(text) = args.value("-execute") {
        meaning.is(R, "only reads", mark::NONE);
        return database::run(text, Dialect::Postgres, meaning);
    }
    let path: Vec<_> = args.operands.iter().take(2).map(|word| word.text.as_str()).collect();
    meaning.subcommand = Some(path.join(" ")).filter(|path| !path.is_empty());
    if path.iter().any(|word| words::destroys(word) || *word == "restore") {
        meaning.is(D, "deletes or overwrites data", mark::NONE);
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
        meaning.is(R, "only reads", mark::NONE);
    } else if path.is_empty() {
        meaning.is(C, "opens a console of the database", mark::I | mark::OPAQUE);
    } else {
        meaning.is(C, "changes data or settings", mark::NONE);
    }
}

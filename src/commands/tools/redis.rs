//! What Redis commands do (6 to 8, Valkey), and what redis-cli makes of its options.
use std::borrow::Cow;

use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::{Input, Meaning};
use crate::domain::approval::Tier;

mod commands;

/// One command and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisMeaning {
    /// `CONFIG SET`, in capitals.
    pub verb: String,
    pub risk: Tier,
    pub why: Cow<'static, str>,
    pub traits: super::Traits,
}

/// What one line typed into redis-cli does; `None` for an empty line or a comment.
pub fn judge_redis(line: &str) -> Option<RedisMeaning> {
    let words = split(line);
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    if words.is_empty() || line.trim_start().starts_with('#') {
        return None;
    }
    Some(command(&words))
}

/// Words as redis-cli cuts a line: blanks, with quotes of both kinds.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut quote = None;
    let mut any = false;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match quote {
            Some('"') if letter == '\\' => word.extend(letters.next()),
            Some(open) if letter == open => quote = None,
            None if letter == '"' || letter == '\'' => (quote, any) = (Some(letter), true),
            None if letter.is_whitespace() => {
                if any || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                any = false;
            }
            _ => word.push(letter),
        }
    }
    if any || !word.is_empty() {
        words.push(word);
    }
    words
}

/// What a command does, by the table; a leading number repeats it, as in the console.
fn command(words: &[&str]) -> RedisMeaning {
    let words = match words.first() {
        Some(first) if words.len() > 1 && first.parse::<u32>().is_ok() => words.get(1..).unwrap_or_default(),
        _ => words,
    };
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let name = word(0).to_ascii_uppercase();
    let pair = format!("{name} {}", word(1).to_ascii_uppercase());
    let made = |verb: &str, risk, why: &'static str, marks| {
        let meaning = Meaning::new(risk, why, marks);
        RedisMeaning { verb: verb.to_owned(), risk, why: meaning.why, traits: meaning.traits }
    };
    if name.contains(UNKNOWN) {
        return made("", C, "what it does is only known when it runs", mark::OPAQUE);
    }
    let mut found = match (commands::find(&pair), commands::find(&name)) {
        (Some((risk, why, marks)), _) => made(&pair, risk, why, marks),
        (None, Some((risk, why, marks))) => made(&name, risk, why, marks),
        (None, None) if super::words::destroys(&name) => {
            made(&name, D, "by its name, it takes something away", mark::NONE)
        }
        (None, None) => made(&name, C, "not a known Redis command", mark::NONE),
    };
    look(&name, words, &mut found);
    found
}

/// Commands whose words decide.
fn look(name: &str, words: &[&str], found: &mut RedisMeaning) {
    let has = |wanted: &str| words.iter().any(|word| word.eq_ignore_ascii_case(wanted));
    let word = |at: usize| words.get(at).copied().unwrap_or_default();
    let second = word(1).to_ascii_uppercase();
    let mut raise = |risk: Tier, why: &'static str| {
        if risk > found.risk {
            (found.risk, found.why) = (risk, why.into());
        }
    };
    match (name, second.as_str()) {
        ("CONFIG", "SET") => {
            let named = |names: &[&str]| names.iter().any(|name| word(2).eq_ignore_ascii_case(name));
            found.traits.secret |= named(&["requirepass", "masterauth"]);
            if named(&["requirepass", "masterauth", "protected-mode"]) {
                raise(D, "changes who gets in: clients may be cut off");
            }
        }
        ("CONFIG", "GET")
            if ["requirepass", "masterauth", "*", "require*"]
                .iter()
                .any(|one| word(2).eq_ignore_ascii_case(one)) =>
        {
            found.traits.secret = true;
        }
        ("CLUSTER", "FAILOVER") if has("FORCE") || has("TAKEOVER") => {
            raise(D, "makes a replica the master although the master did not agree");
        }
        ("CLIENT", "KILL") => raise(D, "ends connections of clients"),
        ("EXPIRE" | "PEXPIRE" | "EXPIREAT" | "PEXPIREAT", _)
            if word(2) == "0" || word(2).starts_with('-') =>
        {
            raise(D, "deletes a key at once");
        }
        ("LRANGE" | "ZRANGE" | "ZREVRANGE" | "XRANGE" | "XREVRANGE", _) => {
            let whole = (word(2), word(3)) == ("0", "-1")
                || (word(2), word(3)) == ("-", "+")
                || (word(2), word(3)) == ("+", "-");
            found.traits.heavy |= whole && !has("COUNT") && !has("LIMIT");
        }
        ("SORT" | "GEORADIUS" | "GEORADIUSBYMEMBER", _) if has("STORE") || has("STOREDIST") => {
            raise(C, "stores what it finds in a key");
        }
        ("XREAD" | "XREADGROUP", _) if has("BLOCK") => found.traits.long_running = true,
        ("MIGRATE", _) if !has("COPY") => raise(D, "moves keys away to another server"),
        ("RESTORE", _) if has("REPLACE") => raise(D, "overwrites a key"),
        ("FUNCTION", "RESTORE") if has("FLUSH") => raise(D, "deletes every function first"),
        ("ACL", "SETUSER") if has("off") || has("reset") || has("nopass") => {
            raise(D, "keeps a user out, or lets everybody in");
        }
        ("REPLICAOF" | "SLAVEOF", "NO") => raise(D, "makes a replica a master of its own"),
        _ => {}
    }
}

/// A call of redis-cli or valkey-cli.
pub(super) fn judge(seen: &Seen<'_>, meaning: &mut Meaning) {
    let args = &seen.args;
    let words: Vec<_> = args.operands.iter().map(|word| word.text.as_str()).collect();
    let rest: Vec<_> = args.rest.iter().map(|word| word.text.as_str()).collect();
    let words: Vec<_> = words.into_iter().chain(rest).collect();
    meaning.subcommand = None;
    meaning.set(R, "asks the server");
    if args.get("-a --pass --askpass").is_some() || args.value("-u").is_some_and(super::words::carries_secret)
    {
        meaning.mark(mark::SECRET);
    }
    if args.has("--askpass") {
        meaning.mark(mark::I);
    }
    if args.value("-r").is_some_and(|times| times.starts_with('-')) {
        meaning.mark(mark::E);
    }
    // `-h` with a host behind it asks for no help.
    let helps = args.has("--help") || args.has("-h") && args.value("-h").is_none();
    if helps && words.is_empty() && args.options.len() == 1 || args.has("-v --version") {
        return;
    }
    if !options(seen, &words, meaning) {
        take(&words, seen.input, meaning);
    }
    if args.has("-x -X") && meaning.risk == R {
        meaning.raise(C, "its last word comes from somewhere else");
    }
}

/// The command of the words, or of what comes in.
fn take(words: &[&str], input: Input<'_>, meaning: &mut Meaning) {
    if !words.is_empty() {
        raise(command(words), meaning);
        return;
    }
    match input {
        Input::Text(text) => text.lines().filter_map(judge_redis).for_each(|one| raise(one, meaning)),
        Input::Unseen => {
            meaning.raise(C, "runs whatever commands come in");
            meaning.mark(mark::OPAQUE);
        }
        Input::Nothing => {
            meaning.raise(C, "opens a console");
            meaning.mark(mark::I | mark::OPAQUE);
        }
    }
}

fn raise(one: RedisMeaning, meaning: &mut Meaning) {
    if one.risk >= meaning.risk {
        meaning.risk = one.risk;
        meaning.why = one.why;
        if !one.verb.is_empty() {
            meaning.subcommand = Some(one.verb);
        }
    }
    let traits = &mut meaning.traits;
    traits.secret |= one.traits.secret;
    traits.heavy |= one.traits.heavy;
    traits.endless |= one.traits.endless;
    traits.long_running |= one.traits.long_running;
    traits.opaque |= one.traits.opaque;
}

/// Options that are commands of their own; answers whether one was there.
#[rustfmt::skip]
const MODES: &[(&str, Tier, &str, u16)] = &[
    ("--latency", R, "measures latency until it is stopped", mark::E),
    ("--latency-history", R, "measures latency until it is stopped", mark::E),
    ("--latency-dist", R, "measures latency until it is stopped", mark::E),
    ("--stat", R, "prints counters until it is stopped", mark::E),
    ("--intrinsic-latency", R, "keeps a processor busy to measure latency", mark::L | mark::HEAVY),
    ("--bigkeys", R, "walks every key", mark::L | mark::HEAVY),
    ("--memkeys", R, "walks every key", mark::L | mark::HEAVY),
    ("--keystats", R, "walks every key", mark::L | mark::HEAVY),
    ("--hotkeys", R, "walks every key", mark::L | mark::HEAVY),
    ("--scan", R, "walks every key", mark::L | mark::HEAVY),
    ("--vset-recall", R, "measures recall", mark::L | mark::HEAVY),
    ("--rdb", D, "overwrites the file with a dump of the server as it is now", mark::L | mark::WRITES | mark::HEAVY),
    ("--functions-rdb", D, "overwrites the file with a dump of the server's functions", mark::WRITES),
    ("--replica", R, "follows what the server replicates until it is stopped", mark::E | mark::HEAVY),
    ("--slave", R, "follows what the server replicates until it is stopped", mark::E | mark::HEAVY),
    ("--pipe", C, "runs whatever commands come in", mark::OPAQUE | mark::L),
    ("--lru-test", D, "fills the server with keys to test eviction", mark::E | mark::HEAVY),
    ("--ldb", C, "debugs a script", mark::I | mark::OPAQUE),
    ("--ldb-sync-mode", C, "debugs a script: the server waits", mark::I | mark::OPAQUE),
    ("--eval", C, "runs a script that is not seen here", mark::OPAQUE),
];

fn options(seen: &Seen<'_>, words: &[&str], meaning: &mut Meaning) -> bool {
    if seen.args.get("--cluster").is_some() {
        cluster(seen, words, meaning);
        return true;
    }
    let mut any = false;
    for (option, risk, why, marks) in MODES {
        if seen.args.get(option).is_some() {
            any = true;
            meaning.raise(*risk, *why);
            if *risk == meaning.risk {
                meaning.why = (*why).into();
            }
            meaning.mark(*marks);
            meaning.subcommand = Some((*option).to_owned());
        }
    }
    if any && seen.args.value("--rdb") == Some("-") {
        meaning.set(R, "prints a dump of the server");
        meaning.traits.writes_file = false;
    }
    any
}

/// `redis-cli --cluster VERB …`.
fn cluster(seen: &Seen<'_>, words: &[&str], meaning: &mut Meaning) {
    let verb = seen.args.value("--cluster").unwrap_or_default();
    meaning.subcommand = Some(format!("--cluster {verb}"));
    match verb {
        "info" | "help" => meaning.set(R, "only reads"),
        "check" => meaning.set(R, "checks the cluster's slots"),
        "call" => {
            meaning.set(R, "runs a command on every node");
            let inner = words.get(1..).unwrap_or_default();
            if inner.is_empty() {
                meaning.set(C, "runs a command on every node");
            } else {
                raise(command(inner), meaning);
                meaning.subcommand = Some(format!("--cluster {verb}"));
            }
        }
        "backup" => {
            meaning.set(R, "writes a dump of every master to files");
            meaning.mark(mark::WRITES | mark::HEAVY | mark::L);
        }
        "del-node" => meaning.set(D, "takes a node out of the cluster"),
        "fix" => meaning.set(D, "repairs the cluster: keys may be moved or lost"),
        "reshard" | "rebalance" => {
            meaning.set(C, "moves slots between nodes");
            meaning.mark(
                mark::L
                    | if seen.args.has("--cluster-yes") || verb == "rebalance" {
                        mark::NONE
                    } else {
                        mark::I
                    },
            );
        }
        "import" if seen.args.has("--cluster-replace") => {
            meaning.set(D, "overwrites keys with those of another server");
        }
        _ => meaning.set(C, "changes the cluster"),
    }
}

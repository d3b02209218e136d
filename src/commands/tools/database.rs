//! Consoles and tools of databases: what SQL they are given, what they dump and restore.
use super::args::UNKNOWN;
use super::rules::{C, D, R, Seen, mark};
use super::sql::{self, Dialect};
use super::{Input, Meaning, Nested, words};
use crate::domain::approval::Tier;

/// Raises a call to the SQL that it runs.
pub(super) fn run(text: &str, dialect: Dialect, meaning: &mut Meaning) {
    if text.trim_matches(|letter: char| letter == UNKNOWN || letter.is_whitespace()).is_empty()
        && text.contains(UNKNOWN)
    {
        meaning.raise(C, "the SQL is only known when it runs");
        meaning.mark(mark::OPAQUE);
        return;
    }
    let mut found = sql::judge_as(text, dialect);
    if dialect == Dialect::MySql {
        // Its quoting depends on settings; the other reading counts as well.
        found.extend(sql::judge_as(text, Dialect::Postgres).into_iter().filter(|one| one.risk == D));
    }
    let mut best = None;
    for one in found {
        let traits = &mut meaning.traits;
        traits.heavy |= one.traits.heavy;
        traits.secret |= one.traits.secret;
        traits.opaque |= one.traits.opaque;
        traits.endless |= one.traits.endless;
        traits.interactive |= one.traits.interactive;
        traits.long_running |= one.traits.long_running;
        traits.writes_file |= one.traits.writes_file;
        meaning.nested.extend(one.shell.map(Nested::Shell));
        if best.is_none_or(|risk| one.risk > risk) {
            best = Some(one.risk);
            if one.risk >= meaning.risk {
                meaning.set(one.risk, one.why);
                meaning.subcommand = Some(one.verb);
            }
        }
    }
}

/// A file of SQL: not seen, but its name may say enough.
fn file(name: &str, meaning: &mut Meaning) {
    let parts = words::parts(name);
    if parts.iter().any(|part| ["dump", "backup", "restore", "bak", "snapshot"].contains(&part.as_str()))
        || words::says_overturn(name)
    {
        meaning.raise(D, "by its name, the file overwrites or takes away what is in the database");
    } else {
        meaning.raise(C, "runs a file of SQL that is not seen here");
    }
    meaning.mark(mark::OPAQUE);
}

/// SQL, or whatever comes in, for a console that was given nothing else.
pub(super) fn console(input: Input<'_>, dialect: Dialect, meaning: &mut Meaning) {
    let unseen = (D, "runs whatever SQL comes in: a dump overwrites");
    comes_in(input, unseen, meaning, |text, meaning| run(text, dialect, meaning));
}

/// What comes in decides, for a console that was given nothing else; `unseen` is what nobody sees here.
pub(super) fn comes_in(
    input: Input<'_>,
    unseen: (Tier, &'static str),
    meaning: &mut Meaning,
    run: impl FnOnce(&str, &mut Meaning),
) {
    match input {
        Input::Text(text) => run(text, meaning),
        Input::Unseen => {
            meaning.raise(unseen.0, unseen.1);
            meaning.mark(mark::OPAQUE);
        }
        Input::Nothing => {
            meaning.raise(C, "opens a console of the database");
            meaning.mark(mark::I | mark::OPAQUE);
        }
    }
}

fn password(seen: &Seen<'_>, meaning: &mut Meaning) {
    let given = seen.args.options.iter().filter_map(|option| option.value);
    let operands = seen.args.operands.iter().map(|word| word.text.as_str());
    if given.chain(operands).any(words::carries_secret) {
        meaning.mark(mark::SECRET);
    }
}

pub(super) fn psql(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(R, "only reads");
    password(seen, meaning);
    let args = &seen.args;
    let mut given = args.has("-l --list -? --help -V --version");
    for option in args.all("-c --command -f --file") {
        given = true;
        match (option.is("-c") || option.is("--command"), option.value) {
            (true, Some(text)) => run(text, Dialect::Postgres, meaning),
            (false, Some("-")) => console(seen.input, Dialect::Postgres, meaning),
            (false, Some(name)) => file(name, meaning),
            (_, None) => meaning.raise(C, "what it runs is not given"),
        }
    }
    if !given {
        console(seen.input, Dialect::Postgres, meaning);
    }
    if let Some(out) = args.value("-o --output -L --log-file") {
        match out.strip_prefix('|') {
            Some(shell) => meaning.nested.push(Nested::Shell(shell.to_owned())),
            None => meaning.mark(mark::WRITES),
        }
    }
    if args.has("-W --password") {
        meaning.mark(mark::I);
    }
}

pub(super) fn mysql(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    meaning.set(R, "only reads");
    password(seen, meaning);
    let args = &seen.args;
    // `-p` alone asks, `-pWORD` carries the word.
    let asks = seen.words.iter().any(|word| word.text == "-p" || word.text == "--password");
    let carries = seen.words.iter().any(|word| {
        word.text.starts_with("-p") && word.text.len() > 2 && !word.text.starts_with("--")
            || word.text.starts_with("--password=")
    });
    meaning.mark(if asks { mark::I } else { mark::NONE } | if carries { mark::SECRET } else { mark::NONE });
    let mut given = false;
    for text in args.all("-e --execute --init-command").filter_map(|option| option.value) {
        given |= true;
        run(text, Dialect::MySql, meaning);
    }
    if !given && !args.has("-V --version -? --help") {
        console(seen.input, Dialect::MySql, meaning);
    }
}

pub(super) fn pg_dump(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.set(R, "reads a database whole");
    meaning.subcommand = None;
    meaning.mark(mark::HEAVY | mark::L);
    password(seen, meaning);
    if seen.args.get("-f --file").is_some() {
        meaning.mark(mark::WRITES);
    }
    if seen.args.has("-W --password") {
        meaning.mark(mark::I);
    }
}

pub(super) fn pg_restore(seen: &Seen<'_>, meaning: &mut Meaning) {
    meaning.subcommand = None;
    password(seen, meaning);
    if seen.args.has("-l --list") {
        meaning.set(R, "lists what an archive holds");
    } else if seen.args.get("-d --dbname").is_some() || seen.args.has("-c --clean -C --create") {
        let clean = seen.args.has("-c --clean");
        meaning.set(
            D,
            if clean {
                "drops what is there and restores a dump over it"
            } else {
                "writes a whole dump into a database"
            },
        );
        meaning.mark(mark::L);
    } else {
        meaning.set(R, "turns an archive into SQL");
        if seen.args.value("-f --file").is_some_and(|file| file != "-") {
            meaning.mark(mark::WRITES);
        }
    }
}

/// `pg_ctlcluster 15 main restart` names its verb last.
pub(super) fn pg_ctl(seen: &Seen<'_>, meaning: &mut Meaning) {
    if seen.tool != "pg_ctlcluster" {
        return;
    }
    match seen.args.operand(2) {
        "status" => meaning.set(R, "only reads"),
        "stop" | "restart" | "promote" => meaning.set(D, "stops, restarts or promotes the server"),
        verb => {
            meaning.set(C, "changes the server");
            meaning.subcommand = Some(verb.to_owned());
        }
    }
}

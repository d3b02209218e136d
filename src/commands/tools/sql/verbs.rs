//! Statements by their first word.
use super::super::rules::{C, D, R, mark};
use super::{Dialect, Finding, Kind, Token, body};
use crate::domain::approval::Tier;

/// First words with one meaning, whatever follows.
#[rustfmt::skip]
const PLAIN: &[(&str, Tier, &str)] = &[
    ("SELECT TABLE VALUES WITH SHOW DESCRIBE DESC FETCH MOVE HELP EXPLAIN DECLARE CLOSE PREPARE WAIT_CLOSE HANDLER USE LIST PRAGMA", R, "only reads"),
    ("BEGIN START COMMIT END ROLLBACK ABORT SAVEPOINT RELEASE DEALLOCATE DISCARD LISTEN UNLISTEN RESET SET EXIT QUIT", R, "concerns this session alone"),
    ("INSERT", C, "adds rows"),
    ("REPLACE", C, "adds or overwrites rows"),
    ("MERGE UPSERT", C, "adds or changes rows"),
    ("DELETE", D, "deletes rows"),
    ("UPDATE", C, "changes rows"),
    ("TRUNCATE", D, "empties a table"),
    ("DROP", D, "drops an object and what is in it"),
    ("CREATE", C, "makes an object"),
    ("ALTER", C, "changes an object"),
    ("COMMENT SECURITY IMPORT LOAD INSTALL RENAME", C, "changes the database"),
    ("UNINSTALL", D, "removes a part of the server"),
    ("GRANT", C, "gives rights"),
    ("REVOKE", C, "takes rights away"),
    ("REASSIGN", C, "gives objects another owner"),
    ("ANALYZE ANALYSE", C, "gathers statistics"),
    ("VACUUM", C, "cleans up tables: much reading and writing"),
    ("REINDEX", D, "rebuilds indexes: writers wait until it ends"),
    ("CLUSTER", D, "rewrites a table: everybody waits until it ends"),
    ("REFRESH", C, "fills a materialized view anew: readers wait"),
    ("CHECKPOINT", C, "writes all changed pages to disk now"),
    ("LOCK", C, "locks tables: others wait"),
    ("UNLOCK", C, "gives up locks"),
    ("NOTIFY", C, "sends a message to listeners"),
    ("DO", C, "runs code"),
    ("CALL EXECUTE EXEC", C, "runs a procedure: what it does cannot be seen here"),
    ("COPY", C, "copies rows between a table and a file"),
    ("KILL", D, "ends a connection or query of another client"),
    ("FLUSH", C, "empties caches or closes tables"),
    ("PURGE", D, "deletes logs of the server"),
    ("OPTIMIZE", D, "rewrites a table: writers wait until it ends"),
    ("REPAIR", D, "rewrites a damaged table: rows may be lost"),
    ("CHECK CHECKSUM", R, "reads a whole table"),
    ("CHANGE", D, "points replication at another server"),
    ("STOP", D, "stops replication"),
    ("SHUTDOWN", D, "stops the server"),
    ("RESTART", D, "restarts the server"),
    ("XA BINLOG CACHE CLONE", C, "changes the server"),
    ("BACKUP", C, "writes a backup"),
    ("RESTORE", D, "overwrites with a backup"),
    ("CANCEL", D, "ends a query, session or job"),
    ("PAUSE SUSPEND", D, "stops traffic until it is resumed"),
    ("RESUME ENABLE RELOAD RECONNECT", C, "changes a pooler or job"),
    ("DISABLE", D, "stops traffic until it is enabled"),
    ("DETACH", C, "detaches a database"),
    ("ATTACH", C, "attaches a database"),
    ("SYSTEM", C, "changes the server"),
];

fn has(tokens: &[Token], words: &str) -> bool {
    tokens.iter().any(|token| words.split_whitespace().any(|word| token.is(word)))
}

/// The words stand side by side.
fn phrase(tokens: &[Token], words: &str) -> bool {
    let words: Vec<_> = words.split_whitespace().collect();
    tokens.windows(words.len()).any(|window| window.iter().zip(&words).all(|(token, word)| token.is(word)))
}

fn second(tokens: &[Token]) -> &str {
    tokens.get(1).filter(|token| token.kind == Kind::Word).map_or("", |token| token.text.as_str())
}

pub(super) fn judge(tokens: &[Token], dialect: Dialect) -> Finding {
    let verb = tokens.first().map_or("", |token| token.text.as_str());
    let plain = PLAIN.iter().find(|(words, ..)| words.split_whitespace().any(|word| word == verb));
    let Some((_, risk, why)) = plain else {
        return Finding::new(C, "not a known SQL statement", mark::OPAQUE);
    };
    let mut found = Finding::new(*risk, *why, mark::NONE);
    match verb {
        "SELECT" | "TABLE" | "WITH" | "VALUES" | "PREPARE" | "DECLARE" => select(tokens, &mut found),
        "EXPLAIN" | "DESCRIBE" | "DESC" if has(tokens, "ANALYZE ANALYSE") => {
            found.marks |= mark::HEAVY;
            found.why = "runs the query to explain it".into();
        }
        "UPDATE" => update(tokens, &mut found),
        "MERGE" if has(tokens, "DELETE") => found.raise(D, "changes and deletes rows", mark::NONE),
        "ALTER" => alter(tokens, &mut found),
        "CREATE" => create(tokens, &mut found),
        "SET" => set(tokens, &mut found),
        "RESET" if ["MASTER", "SLAVE", "REPLICA", "BINARY"].contains(&second(tokens)) => {
            found.raise(D, "deletes the server's replication logs or place", mark::NONE);
        }
        "RESET" if second(tokens) == "PERSIST" => {
            found.raise(C, "changes settings of the server", mark::NONE);
        }
        "COMMIT" if second(tokens) == "PREPARED" => found.raise(C, "ends a prepared transaction", mark::NONE),
        "ROLLBACK" if second(tokens) == "PREPARED" => {
            found.raise(D, "gives up a prepared transaction", mark::NONE);
        }
        "START" if second(tokens) != "TRANSACTION" => found.raise(C, "starts replication", mark::NONE),
        "VACUUM" if has(tokens, "FULL") => {
            found.raise(D, "rewrites tables: everybody waits until it ends", mark::L);
        }
        "REINDEX" if has(tokens, "CONCURRENTLY") => {
            found = Finding::new(C, "rebuilds indexes beside the running system", mark::L);
        }
        "VACUUM" | "REINDEX" | "CLUSTER" | "OPTIMIZE" => found.marks |= mark::L,
        "LOCK" if has(tokens, "EXCLUSIVE INSTANCE") => {
            found.raise(C, "locks tables: others wait", mark::NONE);
        }
        "DO" => {
            found.marks |= mark::OPAQUE;
            for token in tokens.iter().filter(|token| matches!(token.kind, Kind::Dollar | Kind::Text)) {
                body(&token.text, &mut found);
            }
        }
        "CALL" | "EXECUTE" | "EXEC" => {
            found.marks |= mark::OPAQUE;
            let name: Vec<_> = tokens.iter().skip(1).take(5).map(|token| token.text.as_str()).collect();
            if super::words::says_destroy(&name.join(" ")) {
                found.raise(D, "by its name, the procedure takes something away", mark::NONE);
            }
        }
        "COPY" => copy(tokens, &mut found),
        "KILL" if second(tokens) == "QUERY" => {
            found = Finding::new(C, "ends another client's query", mark::NONE);
        }
        "CANCEL" if ["QUERY", "QUERIES"].contains(&second(tokens)) => {
            found = Finding::new(C, "ends another client's query", mark::NONE);
        }
        "FLUSH" if has(tokens, "LOCK") => found.raise(D, "locks every table: all writers wait", mark::NONE),
        "STOP" if !["SLAVE", "REPLICA", "GROUP_REPLICATION", "ALL"].contains(&second(tokens)) => {
            found = Finding::new(D, "stops something of the server", mark::NONE);
        }
        "CHECK" | "CHECKSUM" => found.marks |= mark::HEAVY,
        "PRAGMA" if tokens.iter().any(|token| token.sign('=')) => {
            found.raise(C, "changes a setting", mark::NONE);
        }
        "SYSTEM" => system(tokens, dialect, &mut found),
        _ => {}
    }
    found
}

fn select(tokens: &[Token], found: &mut Finding) {
    let into = tokens.iter().enumerate().find(|(_, token)| token.is("INTO") && token.depth == 0);
    if let Some((at, _)) = into {
        let next = tokens.get(at + 1);
        if next.is_some_and(|token| token.is("OUTFILE") || token.is("DUMPFILE")) {
            found.raise(C, "writes a file on the server", mark::WRITES);
        } else if !next.is_some_and(|token| token.sign('@')) && !insert_before(tokens, at) {
            found.raise(C, "makes a table of what it reads", mark::NONE);
        }
    }
    let locks = tokens.windows(2).any(|two| match two {
        [first, second] => {
            first.is("FOR") && ["UPDATE", "SHARE", "NO", "KEY"].iter().any(|word| second.is(word))
        }
        _ => false,
    });
    if locks || phrase(tokens, "LOCK IN SHARE MODE") {
        found.raise(C, "locks the rows that it reads", mark::NONE);
    }
    heavy(tokens, found);
}

/// `INSERT INTO` of a `WITH` is no `SELECT INTO`.
fn insert_before(tokens: &[Token], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|at| tokens.get(at))
        .is_some_and(|token| token.is("INSERT") || token.is("MERGE") || token.is("REPLACE"))
}

/// Reads whole tables of the user's: a `FROM` without `WHERE` or `LIMIT`, not of the system's own views.
fn heavy(tokens: &[Token], found: &mut Finding) {
    if has(tokens, "WHERE LIMIT FETCH") {
        return;
    }
    let from = tokens.iter().enumerate().filter(|(_, token)| token.is("FROM"));
    let whole = from.into_iter().any(|(at, _)| {
        let name = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str()).to_ascii_lowercase();
        let table = name(at + 1);
        let called = tokens.get(at + 2).is_some_and(|token| token.sign('('));
        let own = table.starts_with("pg_")
            || ["information_schema", "performance_schema", "sys", "mysql", "(", ""]
                .contains(&table.as_str());
        !own && !called && !table.is_empty()
    });
    if whole {
        found.marks |= mark::HEAVY;
    }
}

/// With a `WHERE` that names single rows it is limited; else it is a mass update.
fn update(tokens: &[Token], found: &mut Finding) {
    let depth = tokens.first().map_or(0, |token| token.depth);
    let Some(at) = tokens.iter().position(|token| token.is("WHERE") && token.depth == depth) else {
        found.raise(D, "changes every row of the table", mark::NONE);
        return;
    };
    let filter = tokens.get(at + 1..).unwrap_or_default();
    if !names_rows(filter, depth) {
        found.raise(D, "changes many rows at once: the old values are lost", mark::NONE);
    }
}

/// Some column is held against one value or a list, and nothing is or-ed to it.
fn names_rows(filter: &[Token], depth: usize) -> bool {
    if filter.iter().any(|token| token.is("OR") && token.depth == depth) {
        return false;
    }
    let constant = |token: &Token| {
        matches!(token.kind, Kind::Text | Kind::Number | Kind::Dollar)
            || token.sign(':')
            || token.sign('?')
            || token.text.contains(super::UNKNOWN)
    };
    let column = |token: &Token| {
        matches!(token.kind, Kind::Word | Kind::Quoted)
            && !["TRUE", "FALSE", "NULL", "NOT"].contains(&token.text.as_str())
    };
    filter.windows(3).any(|three| match three {
        [left, equals, right] if left.depth == depth => {
            let by_value = equals.sign('=') && column(left) && constant(right);
            let by_list = equals.is("IN") && column(left) && right.sign('(');
            by_value || by_list
        }
        _ => false,
    })
}

fn alter(tokens: &[Token], found: &mut Finding) {
    let what = second(tokens);
    if has(tokens, "DROP") {
        found.raise(D, "drops a part of the object", mark::NONE);
    }
    if what == "TABLE" || what == "INDEX" || what == "MATERIALIZED" {
        if has(tokens, "TYPE MODIFY ENGINE")
            || phrase(tokens, "SET TABLESPACE")
            || has(tokens, "LOGGED UNLOGGED")
        {
            found.raise(D, "rewrites the table: everybody waits until it ends", mark::L);
        }
        if has(tokens, "DISCARD TRUNCATE") || phrase(tokens, "DELETE WHERE") {
            found.raise(D, "deletes rows", mark::NONE);
        }
        if has(tokens, "DETACH") {
            found.raise(C, "takes a partition out of the table", mark::NONE);
        }
        if has(tokens, "ADD")
            && has(tokens, "CONSTRAINT FOREIGN UNIQUE PRIMARY CHECK")
            && !phrase(tokens, "NOT VALID")
        {
            found.raise(C, "checks the whole table while others wait", mark::HEAVY);
        }
    }
    if matches!(what, "ROLE" | "USER" | "LOGIN") {
        if has(tokens, "PASSWORD IDENTIFIED") {
            found.raise(D, "changes a password: whoever uses the old one is cut off", mark::SECRET);
        }
        if has(tokens, "NOLOGIN LOCK") || phrase(tokens, "CONNECTION LIMIT") {
            found.raise(D, "keeps a user from connecting", mark::NONE);
        }
    }
    if what == "DATABASE" && (phrase(tokens, "CONNECTION LIMIT") || has(tokens, "ALLOW_CONNECTIONS")) {
        found.raise(D, "keeps clients from connecting", mark::NONE);
    }
    if what == "SYSTEM" {
        found.why = if has(tokens, "KILL") {
            found.risk = D;
            "ends a client's session"
        } else {
            "changes a setting of the server for good"
        }
        .into();
    }
    if what == "INSTANCE" && has(tokens, "DISABLE") {
        found.raise(D, "turns off the redo log", mark::NONE);
    }
}

fn create(tokens: &[Token], found: &mut Finding) {
    if has(tokens, "PASSWORD IDENTIFIED") {
        found.marks |= mark::SECRET;
    }
    if has(tokens, "INDEX")
        && !has(tokens, "CONCURRENTLY")
        && tokens.iter().take(4).any(|token| token.is("INDEX"))
    {
        found.why = "makes an index: writers wait until it ends".into();
        found.marks |= mark::L;
    }
    if phrase(tokens, "OR REPLACE") && tokens.get(3).is_some_and(|token| token.is("TABLE")) {
        found.raise(D, "replaces a table and what is in it", mark::NONE);
    }
    if tokens.get(1).is_some_and(|token| token.is("TRIGGER") || token.is("RULE") || token.is("EVENT")) {
        found.why = "makes code that runs by itself".into();
    }
}

fn set(tokens: &[Token], found: &mut Finding) {
    let at_signs = tokens.iter().take(3).filter(|token| token.sign('@')).count() == 2;
    let scope = tokens
        .iter()
        .skip(1)
        .take(4)
        .any(|token| ["GLOBAL", "PERSIST", "PERSIST_ONLY"].contains(&token.text.as_str()));
    if scope && (!second(tokens).is_empty() || at_signs) {
        let why = "changes a setting of the server";
        let read_only = has(tokens, "READ_ONLY SUPER_READ_ONLY OFFLINE_MODE");
        found.raise(if read_only { D } else { C }, why, mark::NONE);
    } else if second(tokens) == "PASSWORD" {
        found.raise(D, "changes a password: whoever uses the old one is cut off", mark::SECRET);
    } else if tokens.get(1).is_some_and(|token| token.is("CLUSTER")) {
        found.raise(C, "changes a setting of the cluster", mark::NONE);
    }
}

fn copy(tokens: &[Token], found: &mut Finding) {
    let program = tokens.iter().position(|token| token.is("PROGRAM"));
    if let Some(at) = program {
        found.raise(C, "runs a program on the server", mark::NONE);
        found.shell = tokens
            .get(at + 1)
            .filter(|token| token.kind == Kind::Text)
            .map(|token| token.text.replace("''", "'"));
        if found.shell.is_none() {
            found.raise(C, "runs a program on the server", mark::OPAQUE);
        }
        return;
    }
    let to = tokens.iter().find(|token| (token.is("TO") || token.is("FROM")) && token.depth == 0);
    if to.is_some_and(|token| token.is("TO")) {
        *found = if has(tokens, "STDOUT") {
            Finding::new(R, "reads a table or query whole", mark::HEAVY)
        } else {
            Finding::new(C, "writes a file on the server", mark::WRITES | mark::HEAVY)
        };
    } else {
        found.why = "adds rows from a file".into();
    }
}

/// `SYSTEM` is a statement of some engines and the shell of `MySQL`'s console.
fn system(tokens: &[Token], dialect: Dialect, found: &mut Finding) {
    let verb = second(tokens);
    if dialect == Dialect::MySql {
        found.raise(C, "runs a shell's command", mark::OPAQUE);
    }
    if ["STOP", "SHUTDOWN", "KILL", "DROP"].contains(&verb) {
        found.raise(D, "stops or drops a part of the server", mark::NONE);
    }
}

//! Commands of psql itself: `\d`, `\copy`, `\!`.
use super::super::rules::{C, R, mark};
use super::{Dialect, Finding, token, verbs};

/// Those that only look or set up the console.
const READS: &str = "C H T a p bind bind_named cd conninfo copyright crosstabview elif else encoding endif errverbose f flush \
    gdesc g gx G gset h help if l l+ parse pset q qecho quit r reset set sf sf+ sv sv+ t timing unset warn restrict unrestrict \
    echo x z zp zS ? setenv getenv close startpipeline endpipeline sendpipeline syncpipeline flushrequest getresults";

pub(super) fn judge(text: &str) -> Finding {
    let text = text.strip_prefix('\\').unwrap_or(text);
    let name = text.split(|letter: char| letter.is_whitespace()).next().unwrap_or_default();
    let rest = text.get(name.len()..).unwrap_or_default().trim();
    if let Some(shell) = text.strip_prefix('!') {
        let mut found = Finding::new(C, "runs a shell's command", mark::NONE);
        if shell.trim().is_empty() {
            found.raise(C, "opens a shell", mark::I | mark::OPAQUE);
        } else {
            found.shell = Some(shell.trim().to_owned());
            found.risk = R;
        }
        return found;
    }
    if rest.contains('`') {
        return Finding::new(C, "runs a shell's command", mark::OPAQUE);
    }
    match name {
        "copy" => copy(rest),
        "i" | "ir" | "include" | "include_relative" => {
            Finding::new(C, "runs a file of SQL that is not seen here", mark::OPAQUE)
        }
        "o" | "out" | "w" | "write" | "s" if rest.starts_with('|') => shell(rest),
        "o" | "out" | "w" | "write" | "s" if !rest.is_empty() => {
            Finding::new(R, "writes a file", mark::WRITES)
        }
        "o" | "out" | "s" => Finding::new(R, "only concerns the console", mark::NONE),
        "password" => Finding::new(C, "changes a password", mark::I | mark::SECRET),
        "e" | "edit" | "ef" | "ev" => {
            Finding::new(C, "changes SQL in an editor and runs it", mark::I | mark::OPAQUE)
        }
        "prompt" => Finding::new(R, "asks for a value", mark::I),
        "c" | "connect" => {
            Finding::new(R, "connects to another database: what follows goes there", mark::NONE)
        }
        "gexec" => sends("\\gexec"),
        "watch" => Finding::new(R, "repeats the query until it is stopped", mark::E),
        "lo_list" => Finding::new(R, "only reads", mark::NONE),
        "lo_unlink" => Finding::new(super::D, "deletes a large object", mark::NONE),
        "lo_import" => Finding::new(C, "stores a large object", mark::NONE),
        "lo_export" => Finding::new(R, "writes a file", mark::WRITES),
        _ if name.starts_with('d')
            && name.chars().skip(1).all(|letter| letter.is_ascii_alphabetic() || letter == '+') =>
        {
            Finding::new(R, "only reads", mark::NONE)
        }
        _ if READS.split_whitespace().any(|one| one == name) => Finding::new(R, "only reads", mark::NONE),
        _ => Finding::new(C, "not a known command of psql", mark::OPAQUE),
    }
}

/// What stands behind a statement and sends it: `\gexec` runs its rows as SQL.
pub(super) fn sends(text: &str) -> Finding {
    let name = text.split_whitespace().next().unwrap_or_default();
    let rest = text.get(name.len()..).unwrap_or_default().trim();
    match name {
        "\\gexec" => Finding::new(super::D, "runs every row of the result as SQL", mark::OPAQUE),
        "\\watch" => Finding::new(R, "repeats the query until it is stopped", mark::E),
        "\\g" | "\\gx" if rest.starts_with('|') => shell(rest),
        "\\g" | "\\gx" if !rest.is_empty() && !rest.starts_with('(') => {
            Finding::new(R, "writes a file", mark::WRITES)
        }
        _ => Finding::new(R, "only reads", mark::NONE),
    }
}

fn shell(rest: &str) -> Finding {
    let mut found = Finding::new(R, "hands the result to a shell's command", mark::NONE);
    found.shell = Some(rest.trim_start_matches('|').trim().to_owned());
    found
}

/// `\copy t to file`, `\copy (query) to program '…'`, `\copy t from file`.
fn copy(rest: &str) -> Finding {
    let cuts = token::cut(rest, Dialect::Postgres);
    let tokens = cuts.first().map(|cut| cut.tokens.as_slice()).unwrap_or_default();
    let mut found = Finding::new(C, "adds rows from a file", mark::NONE);
    let direction = tokens.iter().find(|token| token.depth == 0 && (token.is("TO") || token.is("FROM")));
    if direction.is_some_and(|token| token.is("TO")) {
        found = Finding::new(R, "writes rows to a file here", mark::WRITES | mark::HEAVY);
    }
    if let Some(at) = tokens.iter().position(|token| token.is("PROGRAM")) {
        found.shell = tokens.get(at + 1).map(|token| token.text.clone());
    }
    let from = tokens
        .iter()
        .position(|token| ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"].iter().any(|word| token.is(word)));
    if let Some(at) = from.filter(|_| tokens.first().is_some_and(|token| token.sign('('))) {
        let inner = verbs::judge(tokens.get(at..).unwrap_or_default(), Dialect::Postgres);
        found.raise(inner.risk, inner.why, inner.marks);
    }
    if tokens.is_empty() {
        found = Finding::new(C, "copies rows", mark::NONE);
    }
    found
}

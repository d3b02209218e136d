//! What SQL does: `PostgreSQL`, with the forms of `MySQL` and of consoles that speak SQL.
//!
//! Every statement is cut into words first; comments, texts and quoted names are told apart there, so that
//! nothing hides in them and nothing is read out of them.
use std::borrow::Cow;

use super::args::UNKNOWN;
use super::rules::{C, D, mark};
use super::words;
use crate::domain::approval::Tier;

mod functions;
mod meta;
mod token;
mod verbs;

pub(in crate::commands) use functions::only_compute;
pub(in crate::commands) use token::{Cut, Dialect, Kind, Token, cut};

/// One statement and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlMeaning {
    /// Bytes of the text.
    pub start: usize,
    pub end: usize,
    /// Its first word in capitals, or the psql command.
    pub verb: String,
    pub risk: Tier,
    pub why: Cow<'static, str>,
    pub traits: super::Traits,
    /// A shell's text that it runs (`\!`, `COPY … PROGRAM`).
    pub shell: Option<String>,
}

/// What each statement of a text does.
pub fn judge_sql(text: &str) -> Vec<SqlMeaning> {
    judge_as(text, Dialect::Postgres)
}

/// Names and keywords of a text in small letters, with the signs `;`, `,` and `(`: what stands in quotes that hold
/// text, in comments and in bodies is left out.
pub fn sql_words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for cut in cut(text, Dialect::Postgres) {
        if !out.is_empty() {
            out.push(";".to_owned());
        }
        out.extend(cut.tokens.into_iter().filter_map(|token| match token.kind {
            Kind::Word | Kind::Quoted => Some(token.text.to_lowercase()),
            Kind::Sign(sign @ (',' | '(')) => Some(sign.to_string()),
            _ => None,
        }));
    }
    out
}

/// What no server takes of a text, because it is the console's: a command of its own, rows that stand in the text or
/// are written beside it; `None` where all of it is statements.
pub fn of_console(text: &str) -> Option<String> {
    for cut in cut(text, Dialect::Postgres) {
        if let Some(meta) = cut.tokens.iter().find(|token| token.kind == Kind::Meta) {
            return meta.text.split_whitespace().next().map(str::to_owned);
        }
        let says = |word: &str| cut.tokens.iter().any(|token| token.is(word));
        let copies = cut.tokens.first().is_some_and(|token| token.is("COPY"));
        for (way, end) in [("FROM", "STDIN"), ("TO", "STDOUT")] {
            if copies && says(way) && says(end) {
                return Some(format!("COPY … {way} {end}"));
            }
        }
    }
    None
}

pub(super) fn judge_as(text: &str, dialect: Dialect) -> Vec<SqlMeaning> {
    cut(text, dialect).iter().map(|cut| statement(cut, dialect)).collect()
}

/// What is found out about one statement.
struct Finding {
    risk: Tier,
    why: Cow<'static, str>,
    marks: u16,
    shell: Option<String>,
}

impl Finding {
    fn new(risk: Tier, why: impl Into<Cow<'static, str>>, marks: u16) -> Self {
        Finding { risk, why: why.into(), marks, shell: None }
    }

    fn raise(&mut self, risk: Tier, why: impl Into<Cow<'static, str>>, marks: u16) {
        self.marks |= marks;
        if risk > self.risk {
            self.risk = risk;
            self.why = why.into();
        }
    }
}

fn statement(cut: &Cut, dialect: Dialect) -> SqlMeaning {
    let tokens = cut.tokens.as_slice();
    let first = tokens.iter().position(|token| !token.sign('('));
    let tokens = first.and_then(|at| tokens.get(at..)).unwrap_or_default();
    let verb = tokens.first();
    let mut found = match verb {
        Some(token) if token.kind == Kind::Meta => meta::judge(&token.text),
        Some(token) if token.kind == Kind::Word && !token.text.contains(UNKNOWN) => {
            let mut found = verbs::judge(tokens, dialect);
            functions::judge(tokens, &mut found);
            embedded(tokens, &mut found);
            found
        }
        _ => Finding::new(C, "not understood as SQL", mark::OPAQUE),
    };
    if let Some(sent) = tokens.iter().skip(1).find(|token| token.kind == Kind::Meta) {
        let sent = meta::sends(&sent.text);
        found.raise(sent.risk, sent.why, sent.marks);
        found.shell = found.shell.or(sent.shell);
    }
    if cut.open {
        found.raise(C, "a quote or bracket never ends", mark::OPAQUE);
    }
    let mut meaning = super::Meaning::new(found.risk, found.why, found.marks);
    if found.shell.is_some() {
        meaning.traits.opaque = false;
    }
    let name = verb.map_or("", |token| token.text.split_whitespace().next().unwrap_or_default());
    SqlMeaning {
        start: cut.start,
        end: cut.end,
        verb: name.to_owned(),
        risk: meaning.risk,
        why: meaning.why,
        traits: meaning.traits,
        shell: found.shell,
    }
}

/// Statements inside statements: `WITH gone AS (DELETE …)`, `EXPLAIN ANALYZE UPDATE …`, `PREPARE p AS DROP …`.
fn embedded(tokens: &[Token], found: &mut Finding) {
    if !tokens.first().is_some_and(|token| {
        matches!(
            token.text.as_str(),
            "WITH"
                | "EXPLAIN"
                | "DESCRIBE"
                | "DESC"
                | "SELECT"
                | "PREPARE"
                | "DECLARE"
                | "COPY"
                | "TABLE"
                | "VALUES"
                | "CREATE"
                | "INSERT"
        )
    }) {
        return;
    }
    let explains =
        tokens.first().is_some_and(|token| matches!(token.text.as_str(), "EXPLAIN" | "DESCRIBE" | "DESC"));
    let runs = !explains || tokens.iter().take(8).any(|token| token.is("ANALYZE") || token.is("ANALYSE"));
    let creates = tokens.first().is_some_and(|token| token.is("CREATE"));
    if !runs || creates && !tokens.iter().any(|token| token.is("TABLE")) {
        return;
    }
    let mut left = 64;
    for (at, token) in tokens.iter().enumerate().skip(1) {
        if found.risk == D {
            return;
        }
        if !matches!(token.text.as_str(), "DELETE" | "UPDATE" | "INSERT" | "MERGE")
            || token.kind != Kind::Word
        {
            continue;
        }
        let Some(before) = at.checked_sub(1).and_then(|at| tokens.get(at)) else { continue };
        let begins = before.sign('(')
            || before.sign(')')
            || ["ANALYZE", "ANALYSE", "VERBOSE", "AS", "EXPLAIN", "TRUE", "ON"]
                .iter()
                .any(|word| before.is(word));
        let called = tokens.get(at + 1).is_some_and(|next| next.sign('('));
        if !begins || called || before.is("ON") {
            continue;
        }
        if left == 0 {
            found.raise(D, "too long to be read to its end", mark::OPAQUE);
            return;
        }
        left -= 1;
        // The statement ends where its bracket closes.
        let inner = tokens.get(at..).unwrap_or_default();
        let length = inner.iter().position(|one| one.depth < token.depth).unwrap_or(inner.len());
        let inner = verbs::judge(inner.get(..length).unwrap_or_default(), Dialect::Postgres);
        found.raise(inner.risk, inner.why, inner.marks);
    }
}

/// A statement that is the text of another: the body of `DO`, or what `EXECUTE` and `cron.schedule` are given.
/// Only its words are looked at.
fn body(text: &str, found: &mut Finding) {
    for cut in cut(text, Dialect::Postgres) {
        let hit = cut.tokens.iter().find(|token| {
            token.kind == Kind::Word && matches!(token.text.as_str(), "DELETE" | "DROP" | "TRUNCATE")
                || token.kind == Kind::Text
                    && ["delete ", "drop ", "truncate "]
                        .iter()
                        .any(|word| token.text.to_ascii_lowercase().contains(word))
        });
        if let Some(hit) = hit {
            let what = if hit.kind == Kind::Word { hit.text.clone() } else { "DELETE or DROP".to_owned() };
            found.raise(D, format!("its body has {what}"), mark::NONE);
        }
        functions::judge(&cut.tokens, found);
    }
}

//! What one call of one tool does, by tables that a user can extend.
//!
//! A tool is a row of data (`tables`): how it reads its words (`args`) and what its verbs mean (`rules`);
//! where data does not suffice, its own judge looks closer. The languages that tools carry inside (SQL, Redis
//! commands, HTTP requests, Kubernetes objects) have files of their own.
use std::borrow::Cow;

use super::Traits;
use crate::domain::approval::Tier;
use crate::domain::settings::CommandRule;

mod args;
mod automation;
mod azure;
mod brokers;
mod cloud;
mod consoles;
mod data;
mod database;
mod develop;
mod docker;
mod engines;
mod files;
mod host;
mod http;
mod infra;
mod kernel;
mod keys;
mod kube;
mod network;
mod readers;
mod redis;
mod rules;
mod servers;
pub(in crate::commands) mod sql;
mod tables;
mod user;
mod words;
mod wrap;

pub(in crate::commands) use args::Args;
pub(in crate::commands) use consoles::judge_mongo;
pub use redis::{RedisMeaning, judge_redis};
pub use sql::{SqlMeaning, judge_sql, of_console, sql_words};

/// A word of a call, after quotes and escapes are taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What is known of it; an unknown piece (a variable, a substitution) is left out and stands as U+FFFC.
    pub text: String,
    /// Nothing in it depends on when it runs.
    pub known: bool,
    /// Its letters stood bare, without quotes.
    pub bare: bool,
}

/// What comes in on standard input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input<'a> {
    Nothing,
    /// From the command before in a pipe, or a file.
    Unseen,
    /// A here-document or here-string, or an `echo` in front of a pipe.
    Text(&'a str),
}

/// One call: the tool's name and its words, redirections and assignments taken away.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// `words[0]` is the tool.
    pub words: &'a [Word],
    pub input: Input<'a>,
}

/// Something that a call would run in turn; the walker judges it and raises the call to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Nested {
    /// Words, as behind `sudo` or `kubectl exec … --`.
    Argv(Vec<Word>),
    /// A shell's text, as behind `sh -c` or `ssh host`.
    Shell(String),
}

/// Where nested commands run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Through {
    /// The call is only a wrapper here: the nested tool is the statement's tool (`sudo`, `env`, `time`).
    #[default]
    Here,
    /// In another place: the nested tool is the statement's inner tool (`kubectl exec`, `docker run`, `ssh`).
    Elsewhere,
}

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meaning {
    /// Such as `rollout undo`.
    pub subcommand: Option<String>,
    pub risk: Tier,
    /// In a few words; never empty.
    pub why: Cow<'static, str>,
    pub traits: Traits,
    pub nested: Vec<Nested>,
    pub through: Through,
    /// The tool is in the tables; an unknown one is `change` at least.
    pub known: bool,
}

/// Built-in knowledge and what the user adds to it.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Rules of the user's own: they raise what is built in, and say what an unknown tool does.
    pub rules: Vec<CommandRule>,
}

/// What this call does.
pub fn judge(call: Call<'_>, tables: &Tables) -> Meaning {
    let mut meaning = built_in(call);
    user::apply(&tables.rules, call.words, &mut meaning);
    meaning
}

/// A call's words told apart the way its tool reads them, the tool's own name left out; `None` for a tool that no
/// table has.
pub(in crate::commands) fn told_apart(words: &[Word]) -> Option<Args<'_>> {
    let row = tables::find(name(&words.first()?.text))?;
    Some(Args::read(words.get(1..).unwrap_or_default(), row.tool.style))
}

/// Lets the user's rules have their say on what a console was given: its tool and the first words behind it.
pub fn raise(words: &[Word], tables: &Tables, risk: &mut Tier, why: &mut String, traits: &mut Traits) {
    if tables.rules.is_empty() {
        return;
    }
    let mut meaning = Meaning::new(*risk, std::mem::take(why), rules::mark::NONE);
    meaning.traits = *traits;
    user::apply(&tables.rules, words, &mut meaning);
    (*risk, *why, *traits) = (meaning.risk, meaning.why.into_owned(), meaning.traits);
}

/// What a call prints for the next command of a pipe, where the tables know it: `kubectl create secret …
/// --dry-run=client -o yaml` prints a secret.
pub fn prints(words: &[Word]) -> Option<String> {
    let (name, tool) = printing(&words.first()?.text)?;
    if !words.iter().any(|word| word.text == "create") {
        return None;
    }
    kube::prints(&rules::seen(name, Call { words, input: Input::Nothing }, tool))
}

/// Whether the tables know what any call of this tool prints.
pub fn may_print(tool: &str) -> bool {
    printing(tool).is_some()
}

fn printing(text: &str) -> Option<(&str, &'static rules::Tool)> {
    let name = name(text);
    let tool = data::kube::TOOLS.iter().find(|tool| tool.names.starts_with("kubectl "))?;
    words::one_of(tool.names, name).then_some((name, tool))
}

fn built_in(call: Call<'_>) -> Meaning {
    let Some(first) = call.words.first() else {
        return Meaning::new(rules::R, "runs nothing", rules::mark::NONE);
    };
    let name = name(&first.text);
    match tables::find(name) {
        Some(row) if !name.is_empty() => rules::judge(name, call, row),
        _ => unknown(first, call.words),
    }
}

/// The tool's name without its directory.
pub(in crate::commands) fn name(text: &str) -> &str {
    let name = text.trim_start_matches('\\').rsplit('/').next().unwrap_or_default();
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Whether the tables know this tool.
fn is_known(word: &Word) -> bool {
    tables::find(name(&word.text)).is_some()
}

/// A tool that no table has: a script of the team's own, or a program that nobody told us about.
fn unknown(first: &Word, all: &[Word]) -> Meaning {
    use rules::{C, D, R, mark};
    let text = first.text.as_str();
    let verb = all.iter().skip(1).take(6).find(|word| words::destroys(&word.text));
    let script = text.contains('/') || words::is_script(text, "sh") || words::is_script(text, "py");
    let mut meaning = if text.contains(args::UNKNOWN) {
        Meaning::new(C, "what runs is only known when it runs", mark::OPAQUE)
    } else if script {
        Meaning::new(C, "a script: what it does cannot be seen here", mark::OPAQUE)
    } else {
        Meaning::new(C, "not a known tool", mark::NONE)
    };
    by_script_name(text, &mut meaning);
    by_script_words(all.get(1..).unwrap_or_default(), script, &mut meaning);
    if let Some(verb) = verb {
        meaning.raise(D, format!("`{}` takes something away for good", verb.text));
    }
    if script && all.iter().skip(1).any(|word| matches!(word.text.as_str(), "--dry-run" | "--dryrun")) {
        meaning.set(C, "a script that is told to pretend: whether it does cannot be seen here");
    }
    let version = matches!(all, [_, one] if one.known && matches!(one.text.as_str(), "--version" | "--help"));
    if version && !script && meaning.risk == C && !meaning.traits.opaque {
        meaning.set(R, "says its version, or how it is used");
    }
    meaning.known = false;
    meaning
}

/// A script whose own words say that it overwrites or cuts over: `--restore`, `rollback`; of a program that nobody
/// knows only `restore` does.
fn by_script_words(own: &[Word], script: bool, meaning: &mut Meaning) {
    let says = |text: &str| {
        let text = text.trim_start_matches('-').split('=').next().unwrap_or_default();
        let parts = words::parts(text);
        let alone = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        let first = parts.first().map_or("", String::as_str);
        alone && (first == "restore" || script && parts.len() == 1 && words::overturns(first))
    };
    // Options anywhere, and the first word that is none.
    let options = own.iter().filter(|word| word.text.starts_with('-'));
    let verb = own.iter().find(|word| !word.text.starts_with('-'));
    if let Some(word) = options.chain(verb).take(8).find(|word| says(&word.text)) {
        meaning.raise(rules::D, format!("by its word `{}`, it overwrites, cuts off or cuts over", word.text));
    }
}

/// Whether a comment above a program that no table has begins with a verb that overwrites or takes away.
pub(in crate::commands) fn says_restore(tool: &str, label: &str) -> bool {
    let verb = label.split(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty());
    let verb = verb.unwrap_or_default().to_ascii_lowercase();
    tables::find(name(tool)).is_none()
        && (words::destroys(&verb) || matches!(verb.as_str(), "restore" | "rollback" | "failover" | "reset"))
}

/// A script whose name says that it takes away, overwrites or cuts over.
fn by_script_name(path: &str, meaning: &mut Meaning) {
    let own = name(path);
    if words::says_overturn(own) && !words::says_look(own) {
        meaning.raise(rules::D, format!("by its name, `{own}` takes away, overwrites or cuts over"));
    }
}

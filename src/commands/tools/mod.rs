//! What one call of one tool does, by tables that a user can extend.
use std::borrow::Cow;

use super::Traits;
use crate::domain::approval::Tier;

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
pub struct Tables {}

/// What this call does.
pub fn judge(call: Call<'_>, tables: &Tables) -> Meaning {
    let _ = (call, tables);
    Meaning {
        subcommand: None,
        risk: Tier::Change,
        why: "not known".into(),
        traits: Traits::default(),
        nested: Vec::new(),
        through: Through::Here,
        known: false,
    }
}
